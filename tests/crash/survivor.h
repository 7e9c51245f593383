// What must be left after a crash.
#pragma once

#include <string>

#include "crash/scenario.h"
#include "file/simulated_filesystem.h"
#include "support/log_model.h"
#include "support/trace.h"

namespace datawal::test {

// Looks at the scenario's store after whatever happened to it: it must open, hold what `model`
// demands, take more records and give them back, for a reader too. Gives what is wrong, "" if
// nothing. At the end it cuts the power, unless a directory could not be synced: a filesystem that
// has failed at that has lost its journal, and what its later syncs say is not to be believed by
// anybody.
[[nodiscard]] std::string check_survivor(SimulatedFilesystem& filesystem, const LogModel& model,
                                         LogModel::Floor floor, Options options);

// The same, and what the scenario has made beside its store must be there whole or not at all.
[[nodiscard]] std::string check_survivors(SimulatedFilesystem& filesystem, const Scenario& scenario,
                                          LogModel::Floor floor);

}  // namespace datawal::test
