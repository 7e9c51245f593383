//! The Rust crate `datawal`, as it comes. Every function of its store takes `&mut self`, so that it
//! stands behind a mutex. A durable put adds its `fsync`, which syncs the file and the directory.
//! It has no batches: those are puts and, where durable, one `fsync`.

use std::path::Path;
use std::sync::{Mutex, MutexGuard};

use datawal::DataWal;

use crate::peer::{Outcome, Peer, Session, Settings, Visit};

pub struct Store {
    store: Mutex<DataWal>,
    durable: bool,
}

impl Store {
    pub fn open(settings: &Settings) -> Outcome<Self> {
        Ok(Store {
            store: Mutex::new(DataWal::open(&settings.directory)?),
            durable: settings.durable,
        })
    }

    fn lock(&self) -> MutexGuard<'_, DataWal> {
        self.store.lock().expect("nothing panics in here")
    }
}

impl Peer for Store {
    fn session<'a>(&'a self) -> Box<dyn Session + 'a> {
        Box::new(StoreSession {
            store: self,
            value: Vec::new(),
        })
    }

    fn scan(&self, visit: Visit) -> Outcome<()> {
        for (key, value) in &self.lock().items()? {
            visit(key, value);
        }
        Ok(())
    }

    fn compact(&mut self, target: &Path) -> Outcome<bool> {
        self.lock().compact_to(target)?;
        Ok(true)
    }

    fn export_jsonl(&self, file: &Path) -> Outcome<()> {
        Ok(self.lock().export_jsonl(file)?)
    }
}

struct StoreSession<'a> {
    store: &'a Store,
    value: Vec<u8>,
}

impl Session for StoreSession<'_> {
    fn put(&mut self, key: &[u8], value: &[u8]) -> Outcome<()> {
        let mut store = self.store.lock();
        store.put(key, value)?;
        if self.store.durable {
            store.fsync()?;
        }
        Ok(())
    }

    fn put_batch(&mut self, entries: &[(&[u8], &[u8])]) -> Outcome<()> {
        let mut store = self.store.lock();
        for (key, value) in entries {
            store.put(key, value)?;
        }
        if self.store.durable {
            store.fsync()?;
        }
        Ok(())
    }

    fn get(&mut self, key: &[u8]) -> Outcome<Option<&[u8]>> {
        let Some(value) = self.store.lock().get(key)? else {
            return Ok(None);
        };
        self.value = value;
        Ok(Some(&self.value))
    }

    fn remove(&mut self, key: &[u8]) -> Outcome<bool> {
        let mut store = self.store.lock();
        let existed = store.contains_key(key);
        store.delete(key)?;
        Ok(existed)
    }
}
