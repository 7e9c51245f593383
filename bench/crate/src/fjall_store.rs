//! fjall. Its journal is handed to the operating system with every write unless
//! `manual_journal_persist` is set, which is what outlives the process; a durable put is followed by
//! `PersistMode::SyncData`. No compression, for the values are incompressible; values of 4 KiB and
//! more are separated from their keys, as its documentation advises for large values.

use std::path::Path;

use fjall::config::CompressionPolicy;
use fjall::{
    CompressionType, Database, Keyspace, KeyspaceCreateOptions, KvSeparationOptions, PersistMode,
    UserValue,
};

use crate::peer::{Outcome, Peer, Session, Settings, Visit};

const LARGE_VALUE_SIZE: usize = 4096;

pub struct Store {
    database: Database,
    keyspace: Keyspace,
    durable: bool,
}

impl Store {
    pub fn open(settings: &Settings) -> Outcome<Self> {
        let database = Database::builder(&settings.directory)
            .cache_size(settings.cache_size as u64)
            .journal_compression(CompressionType::None)
            .open()?;
        let keyspace = database.keyspace("kv", || Self::options(settings))?;
        Ok(Store {
            database,
            keyspace,
            durable: settings.durable,
        })
    }

    fn options(settings: &Settings) -> KeyspaceCreateOptions {
        let options = KeyspaceCreateOptions::default()
            .data_block_compression_policy(CompressionPolicy::disabled())
            .max_memtable_size(settings.write_buffer_size as u64);
        if settings.value_size < LARGE_VALUE_SIZE {
            return options;
        }
        let separation = KvSeparationOptions::default().compression(CompressionType::None);
        options.with_kv_separation(Some(separation))
    }

    fn persist(&self) -> Outcome<()> {
        if self.durable {
            self.database.persist(PersistMode::SyncData)?;
        }
        Ok(())
    }
}

impl Peer for Store {
    fn session<'a>(&'a self) -> Box<dyn Session + 'a> {
        Box::new(StoreSession {
            store: self,
            value: None,
        })
    }

    fn scan(&self, visit: Visit) -> Outcome<()> {
        for entry in self.keyspace.iter() {
            let (key, value) = entry.into_inner()?;
            visit(&key, &value);
        }
        Ok(())
    }

    fn compact(&mut self, _target: &Path) -> Outcome<bool> {
        self.keyspace.rotate_memtable_and_wait()?;
        self.keyspace.major_compact()?;
        Ok(false)
    }
}

struct StoreSession<'a> {
    store: &'a Store,
    value: Option<UserValue>,
}

impl Session for StoreSession<'_> {
    fn put(&mut self, key: &[u8], value: &[u8]) -> Outcome<()> {
        self.store.keyspace.insert(key, value)?;
        self.store.persist()
    }

    fn put_batch(&mut self, entries: &[(&[u8], &[u8])]) -> Outcome<()> {
        let mut batch = self.store.database.batch();
        for (key, value) in entries {
            batch.insert(&self.store.keyspace, *key, *value);
        }
        batch.commit()?;
        self.store.persist()
    }

    fn get(&mut self, key: &[u8]) -> Outcome<Option<&[u8]>> {
        self.value = self.store.keyspace.get(key)?;
        Ok(self.value.as_deref())
    }

    fn remove(&mut self, key: &[u8]) -> Outcome<bool> {
        let existed = self.store.keyspace.contains_key(key)?;
        self.store.keyspace.remove(key)?;
        self.store.persist()?;
        Ok(existed)
    }
}
