// Saved indexes that lie, with all checksums right.
#pragma once

#include <concepts>
#include <optional>
#include <vector>

#include "format/names.h"
#include "store/index_checkpoint.h"
#include "store/index_image_test_support.h"
#include "store/key_hash.h"

namespace datawal::test {

// The saved index of a store, taken apart to be changed.
struct ForgedIndex {
  explicit ForgedIndex(LoadedIndex loaded)
      : image(std::move(loaded)), hash(image.secret), units(image.addresses->stretches()) {}

  [[nodiscard]] LogAddress address(Position position) const {
    return *image.addresses->find(position);
  }
  [[nodiscard]] static auto anything() {
    return [](LogAddress) { return Match::kYes; };
  }
  // The key's address, and the key without one.
  LogAddress leave_out(std::string_view key) {
    return **image.index->erase(hash(as_bytes(key)), anything());
  }
  void lead(std::string_view key, LogAddress address) {
    image.index->reserve_one();
    (void)image.index->put(hash(as_bytes(key)), address, [](LogAddress) { return Match::kNo; });
  }

  LoadedIndex image;
  KeyHashFunction hash;
  std::vector<std::optional<AddressedStretch>> units;
};

// Puts what `change` makes of the saved index in its place.
template <std::invocable<ForgedIndex&> Change>
void forge_index(Directory& directory, const Change& change) {
  auto loaded = load_index_checkpoint(directory);
  if (!loaded || !loaded->index->load_all()) std::abort();
  ForgedIndex forged(*std::move(loaded));
  change(forged);
  const LoadedIndex& image = forged.image;
  const auto frozen = image.index->freeze();
  if (!write_index_checkpoint(
          directory, {*frozen, forged.units, image.secret, image.coverage, image.segments})) {
    std::abort();
  }
}

}  // namespace datawal::test
