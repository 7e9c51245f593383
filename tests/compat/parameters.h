// Names of parameterised tests that say which implementation they are about.
#pragma once

#include <string>

#include <gtest/gtest.h>

#include "driver_process.h"

namespace datawal::compat {

// "crate_0_1_4".
inline std::string implementation_name(const testing::TestParamInfo<Implementation>& info) {
  std::string name = info.param.name;
  for (char& character : name) {
    if (character == ' ' || character == '.') character = '_';
  }
  return name;
}

}  // namespace datawal::compat
