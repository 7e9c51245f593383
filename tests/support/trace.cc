#include "support/trace.h"

#include <vector>

namespace datawal::test {

std::string tail_of_trace(const SimulatedFilesystem& filesystem) {
  constexpr std::size_t kLineCount = 60;
  const std::vector<std::string> trace = filesystem.trace();
  const std::size_t begin = trace.size() > kLineCount ? trace.size() - kLineCount : 0;
  std::string text;
  for (std::size_t index = begin; index < trace.size(); ++index) text += trace[index] + "\n";
  return text;
}

}  // namespace datawal::test
