//! redb. Its `Durability::None` loses what was committed when the process dies, and there is nothing
//! between that and a sync at every commit. So a put that needs to outlive only the process commits
//! durably to a storage backend whose `sync_data` does nothing: redb writes its pages to the page
//! cache then and waits for no disk. A session keeps its read transaction until something is written.

use std::fs::OpenOptions;
use std::io;
use std::ops::Bound;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use redb::backends::FileBackend;
use redb::{
    AccessGuard, BackendError, Database, ReadOnlyTable, ReadableDatabase, ReadableTable,
    StorageBackend, TableDefinition,
};

use crate::peer::{Outcome, Peer, Session, Settings, Visit};

type Bytes = &'static [u8];
const TABLE: TableDefinition<Bytes, Bytes> = TableDefinition::new("kv");

#[derive(Debug)]
struct UnsyncedFile(FileBackend);

type Range = Bound<u64>;

impl StorageBackend for UnsyncedFile {
    fn len(&self) -> Result<u64, io::Error> {
        self.0.len()
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        self.0.read(offset, out)
    }
    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        self.0.set_len(len)
    }
    fn sync_data(&self) -> Result<(), io::Error> {
        Ok(())
    }
    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        self.0.write(offset, data)
    }
    fn close(&self) -> Result<(), io::Error> {
        self.0.close()
    }
    fn try_lock_range(&self, start: Range, end: Range) -> Result<bool, BackendError> {
        self.0.try_lock_range(start, end)
    }
    fn try_lock_shared_range(&self, start: Range, end: Range) -> Result<bool, BackendError> {
        self.0.try_lock_shared_range(start, end)
    }
    fn lock_range(&self, start: Range, end: Range) -> Result<(), BackendError> {
        self.0.lock_range(start, end)
    }
    fn lock_shared_range(&self, start: Range, end: Range) -> Result<(), BackendError> {
        self.0.lock_shared_range(start, end)
    }
    fn unlock_range(&self, start: Range, end: Range) -> Result<(), BackendError> {
        self.0.unlock_range(start, end)
    }
    fn query_lock_range(&self, start: Range, end: Range) -> Result<bool, BackendError> {
        self.0.query_lock_range(start, end)
    }
}

pub struct Store {
    database: Database,
    writes: AtomicU64,
}

impl Store {
    pub fn open(settings: &Settings) -> Outcome<Self> {
        std::fs::create_dir_all(&settings.directory)?;
        let path = settings.directory.join("store.redb");
        let mut builder = Database::builder();
        builder.set_cache_size(settings.cache_size);
        let database = if settings.durable {
            builder.create(path)?
        } else {
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false);
            builder.create_with_backend(UnsyncedFile(FileBackend::new(options.open(path)?)?))?
        };
        let first = database.begin_write()?;
        first.open_table(TABLE)?;
        first.commit()?;
        Ok(Store {
            database,
            writes: AtomicU64::new(0),
        })
    }
}

impl Peer for Store {
    fn session<'a>(&'a self) -> Box<dyn Session + 'a> {
        Box::new(StoreSession {
            store: self,
            value: None,
            table: None,
        })
    }

    fn scan(&self, visit: Visit) -> Outcome<()> {
        let table = self.database.begin_read()?.open_table(TABLE)?;
        for entry in table.iter()? {
            let (key, value) = entry?;
            visit(key.value(), value.value());
        }
        Ok(())
    }

    fn compact(&mut self, _target: &Path) -> Outcome<bool> {
        self.database.compact()?;
        Ok(false)
    }
}

struct StoreSession<'a> {
    store: &'a Store,
    value: Option<AccessGuard<'static, Bytes>>,
    table: Option<(u64, ReadOnlyTable<Bytes, Bytes>)>,
}

impl StoreSession<'_> {
    fn release(&mut self) {
        self.value = None;
        self.table = None;
    }

    /// The table as it is now.
    fn table(&mut self) -> Outcome<&ReadOnlyTable<Bytes, Bytes>> {
        let writes = self.store.writes.load(Ordering::Acquire);
        if self.table.as_ref().is_none_or(|(seen, _)| *seen != writes) {
            let table = self.store.database.begin_read()?.open_table(TABLE)?;
            self.table = Some((writes, table));
        }
        Ok(&self.table.as_ref().expect("it was just set").1)
    }

    fn wrote(&self) {
        self.store.writes.fetch_add(1, Ordering::Release);
    }
}

impl Session for StoreSession<'_> {
    fn put(&mut self, key: &[u8], value: &[u8]) -> Outcome<()> {
        self.put_batch(&[(key, value)])
    }

    fn put_batch(&mut self, entries: &[(&[u8], &[u8])]) -> Outcome<()> {
        self.release();
        let transaction = self.store.database.begin_write()?;
        {
            let mut table = transaction.open_table(TABLE)?;
            for (key, value) in entries {
                table.insert(key, value)?;
            }
        }
        transaction.commit()?;
        self.wrote();
        Ok(())
    }

    fn get(&mut self, key: &[u8]) -> Outcome<Option<&[u8]>> {
        self.value = None;
        self.value = self.table()?.get(key)?;
        Ok(self.value.as_ref().map(|found| found.value()))
    }

    fn remove(&mut self, key: &[u8]) -> Outcome<bool> {
        self.release();
        let transaction = self.store.database.begin_write()?;
        let existed = transaction.open_table(TABLE)?.remove(key)?.is_some();
        transaction.commit()?;
        self.wrote();
        Ok(existed)
    }
}
