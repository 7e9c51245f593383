// A filesystem in memory for tests. Any call can be made to fail, programs can be killed and the
// power can be cut at any instant; all of it repeats exactly from the same calls and seeds.
//
//   SimulatedFilesystem filesystem;
//   filesystem.stop_at_mutation(7);              // the seventh change stops the machine
//   run_scenario(filesystem);                    // ... which from then on fails every call
//   filesystem.crash(PowerCut::kTear, seed);     // power off and on again; all open handles are
//   dead check_store(filesystem);
//
// The model. What programs see (the page cache) and what the disk holds are two things:
// - A file's bytes and size are on the disk after a successful File::sync, and only then. Its name
// is after
//   a successful sync of its directory, and only then; syncing a file does not save its name, nor
//   the reverse.
// - A power cut keeps of the unsynced rest what the policy and the seed say. Under PowerCut::kTear:
//   - each page of 4096 bytes, or each sector of 512, is as any of the changes since the last sync
//   left it,
//     independently of its neighbours and of the order in which they were written; now and then a
//     sector ends in the middle of a write;
//   - a file's size is any it went through, or the end of a page on the way; what was not written
//   behind the
//     old end is zeros;
//   - a truncate has happened or not, but they happen in order, and nothing comes back from behind
//   one
//     that has;
//   - the oldest so many changes to the names in a directory have happened. Directories are
//   independent of each
//     other and of the contents of files: a new name may lead to an empty file, and a rename over a
//     file may have replaced good bytes by none.
// - A sync that fails leaves everything it was for readable but no longer dirty. A later sync
// returns success
//   without saving it. Only writing a page again makes it dirty again.
// What real disks may do beyond that: tear inside a sector in other ways, damage sectors that
// nobody wrote to, show the old contents of reused blocks, lie about flushing, lose renames but
// keep later ones, and read old bytes instead of new ones after a sync has failed. What they seldom
// do: lose as much as this.
//
// The disk's capacity counts the sizes of files, to the byte; making an empty file always succeeds
// on a full disk. Symbolic links are never followed. The current directory is the root. Time stands
// still but for waits.
//
// Thread safety: any thread may call anything; but only the calls of one thread repeat exactly.
#pragma once

#include <functional>
#include <optional>

#include "file/filesystem.h"
#include "file/simulated_calls.h"
#include "file/simulated_file_data.h"

namespace datawal {

class SimulatedMachine;
enum class SimulatedKind;
struct SimulatedHandle;
struct SimulatedProcess;

// A program's view of a machine, and the machine's controls.
class SimulatedFilesystem final : public Filesystem {
 public:
  // A new machine with an empty disk. The seed decides fill_random and the boot ids.
  explicit SimulatedFilesystem(std::uint64_t seed = 1);
  ~SimulatedFilesystem() override;

  [[nodiscard]] Result<std::unique_ptr<Directory>> open_directory(
      const std::filesystem::path& path) override;
  [[nodiscard]] Result<std::unique_ptr<Directory>> create_directory(
      const std::filesystem::path& path) override;
  [[nodiscard]] Result<std::unique_ptr<File>> open_file(const std::filesystem::path& path) override;
  [[nodiscard]] std::array<std::byte, 16> boot_id() const override;
  void fill_random(MutableByteView buffer) override;
  [[nodiscard]] std::chrono::steady_clock::time_point now() const override;
  [[nodiscard]] std::uint64_t write_through_size() const override;
  [[nodiscard]] AheadOfRotation ahead_of_rotation() const override;

  // Another program on the same machine.
  [[nodiscard]] std::unique_ptr<SimulatedFilesystem> new_process();
  // SIGKILL: everything this program has open fails from now on, its locks are free, what it wrote
  // stays in the cache. If the machine was stopped at a write, the first `written_prefix` bytes of
  // it are written. The machine runs again, and the object serves as the next program.
  void kill_process(std::uint64_t written_prefix = 0);
  // Power off and on again: kills all programs, changes the boot id, leaves of the disk what
  // `policy` says. Faults stay; a stop is over.
  void crash(PowerCut policy, std::uint64_t seed = 0);
  // Another machine whose disk and cache are as this one's, with no program running and no faults:
  // for many crashes out of one state.
  [[nodiscard]] std::unique_ptr<SimulatedFilesystem> clone() const;

  void inject(SimulatedFault fault);
  void clear_faults();
  // The n-th change from now on (1 is the next) does not happen and stops the machine: it and every
  // later call fail with kIo, until crash or kill_process.
  void stop_at_mutation(std::uint64_t n);
  [[nodiscard]] bool is_stopped() const;
  // The size of the write at which the machine stopped; 0 if it was something else.
  [[nodiscard]] std::uint64_t interrupted_write_size() const;
  // Writes beyond this fail with kNoSpace after a part that fits. Nothing: no limit.
  void set_capacity(std::optional<std::uint64_t> size);
  // As if mounted read-only.
  void set_read_only(bool is_read_only);
  // Whether files can have several names, as on most filesystems, or every directory is as if it
  // were in another filesystem.
  void set_linking(bool can_link);

  // What write_through_size() gives from now on. Zero: everything goes through mappings.
  void set_write_through_size(std::uint64_t size);
  // What ahead_of_rotation() gives from now on.
  void set_ahead_of_rotation(AheadOfRotation ahead);
  void set_boot_id(const std::array<std::byte, 16>& id);
  // Moves the clock.
  void advance(std::chrono::milliseconds duration);
  // Called by every DirectoryWatch::wait before it looks: the place for what other programs do
  // meanwhile. After it a wait returns at once; if nothing has changed, the clock has moved by the
  // timeout.
  void on_wait(std::function<void()> action);
  // Called by every File::sync before it does anything: the place for what other threads do
  // meanwhile.
  void on_sync(std::function<void()> action);
  // Called by every Directory::list, and every Directory::open that makes nothing, before it does
  // anything: the place for what other programs do between two looks at the names.
  void on_look(std::function<void()> action);

  [[nodiscard]] std::uint64_t call_count() const;
  [[nodiscard]] std::uint64_t mutation_count() const;
  [[nodiscard]] std::uint64_t count(SimulatedCall call) const;
  [[nodiscard]] std::uint64_t bytes_written() const;
  void reset_counts();
  // The last ten thousand calls, a line each, and the events between them.
  [[nodiscard]] std::vector<std::string> trace() const;

  // Behind the library's back: on the disk at once, not counted, never failing. Missing directories
  // on the way are made. Throws std::invalid_argument where the path makes no sense.
  [[nodiscard]] bool exists(const std::filesystem::path& path) const;
  [[nodiscard]] std::optional<Bytes> read_file(const std::filesystem::path& path) const;
  // Makes the file, or changes the one that is there (all its names, all open handles).
  void write_file(const std::filesystem::path& path, ByteView data);
  void plant_directory(const std::filesystem::path& path);
  void plant_symlink(const std::filesystem::path& path);
  void plant_fifo(const std::filesystem::path& path);
  void plant_hard_link(const std::filesystem::path& file, const std::filesystem::path& path);
  void remove(const std::filesystem::path& path);

 private:
  explicit SimulatedFilesystem(std::shared_ptr<SimulatedMachine> machine);

  [[nodiscard]] SimulatedHandle handle_for(const std::filesystem::path& path);
  [[nodiscard]] Status sync_names_above(SimulatedHandle directory);
  [[nodiscard]] Result<SimulatedHandle> enter_directory(const SimulatedHandle& parent,
                                                        const std::string& name);
  void plant(const std::filesystem::path& path, SimulatedKind kind);

  // Shared with everything opened through it, which may outlive it.
  std::shared_ptr<SimulatedMachine> machine_;
  std::shared_ptr<SimulatedProcess> process_;
};

}  // namespace datawal
