// SIGINT and SIGTERM as a request to stop, for commands that run until told.
#pragma once

namespace datawal::cli {

// From now on both signals only make stop_was_requested() true.
void catch_stop_signals();
[[nodiscard]] bool stop_was_requested();

// A closed pipe is an error of write(2) from now on, and no signal.
void ignore_broken_pipes();

// Makes sure that descriptors 0, 1 and 2 are open, so that no file of a store takes the place of
// one that the caller has closed. What stands in for it can be neither read nor written.
void keep_standard_descriptors_open();

}  // namespace datawal::cli
