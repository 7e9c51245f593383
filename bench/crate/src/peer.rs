//! What every crate of the comparison is asked for; the C ABI in `lib.rs` forwards to it.

use std::path::{Path, PathBuf};

pub type Failure = Box<dyn std::error::Error>;
pub type Outcome<T> = Result<T, Failure>;
/// Called for each entry of a scan.
pub type Visit<'a> = &'a mut dyn FnMut(&[u8], &[u8]);

/// How a store is opened; the meaning of each is that of `StoreSettings` in compare/store.h.
pub struct Settings {
    pub directory: PathBuf,
    pub value_size: usize,
    pub durable: bool,
    pub cache_size: usize,
    pub write_buffer_size: usize,
}

/// An open store. Its sessions end before it does.
pub trait Peer {
    fn session<'a>(&'a self) -> Box<dyn Session + 'a>;
    fn scan(&self, visit: Visit) -> Outcome<()>;
    /// Into `target` (gives true) or in place (gives false). No session is alive.
    fn compact(&mut self, target: &Path) -> Outcome<bool>;
    fn export_jsonl(&self, _file: &Path) -> Outcome<()> {
        Err("this store has no JSONL export".into())
    }
}

/// What one thread does with a store.
pub trait Session {
    fn put(&mut self, key: &[u8], value: &[u8]) -> Outcome<()>;
    fn put_batch(&mut self, entries: &[(&[u8], &[u8])]) -> Outcome<()>;
    /// The value stays valid until the next call.
    fn get(&mut self, key: &[u8]) -> Outcome<Option<&[u8]>>;
    /// Whether the key was there.
    fn remove(&mut self, key: &[u8]) -> Outcome<bool>;
}
