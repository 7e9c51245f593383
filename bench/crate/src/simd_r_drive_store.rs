//! simd-r-drive: an append-only file read through a mapping. Each write is flushed to the operating
//! system, and that outlives the process; it has no way to sync. It keeps hashes in place of keys, so
//! that a scan gives values only. Its compaction writes a new file over the old one, which has to be
//! opened again.

use std::path::{Path, PathBuf};

use simd_r_drive::traits::{DataStoreReader, DataStoreWriter};
use simd_r_drive::{DataStore, EntryHandle};

use crate::peer::{Outcome, Peer, Session, Settings, Visit};

pub struct Store {
    path: PathBuf,
    store: DataStore,
}

impl Store {
    pub fn open(settings: &Settings) -> Outcome<Self> {
        std::fs::create_dir_all(&settings.directory)?;
        let path = settings.directory.join("store.bin");
        let store = DataStore::open(&path)?;
        Ok(Store { path, store })
    }
}

impl Peer for Store {
    fn session<'a>(&'a self) -> Box<dyn Session + 'a> {
        Box::new(StoreSession {
            store: &self.store,
            value: None,
        })
    }

    fn scan(&self, visit: Visit) -> Outcome<()> {
        for entry in self.store.iter_entries() {
            visit(&[], entry.as_slice());
        }
        Ok(())
    }

    fn compact(&mut self, _target: &Path) -> Outcome<bool> {
        self.store.compact()?;
        self.store = DataStore::open(&self.path)?;
        Ok(false)
    }
}

struct StoreSession<'a> {
    store: &'a DataStore,
    value: Option<EntryHandle>,
}

impl Session for StoreSession<'_> {
    fn put(&mut self, key: &[u8], value: &[u8]) -> Outcome<()> {
        self.store.write(key, value)?;
        Ok(())
    }

    fn put_batch(&mut self, entries: &[(&[u8], &[u8])]) -> Outcome<()> {
        self.store.batch_write(entries)?;
        Ok(())
    }

    fn get(&mut self, key: &[u8]) -> Outcome<Option<&[u8]>> {
        self.value = self.store.read(key)?;
        Ok(self.value.as_ref().map(|found| found.as_slice()))
    }

    fn remove(&mut self, key: &[u8]) -> Outcome<bool> {
        if !self.store.exists(key)? {
            return Ok(false);
        }
        self.store.delete(key)?;
        Ok(true)
    }
}
