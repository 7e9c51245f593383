//! canopydb. Its write-ahead log is written at every commit and retained by the operating system if
//! the process dies; a durable put is a commit that also syncs it. It saves its pages when it is
//! closed (`checkpoint_db_on_drop`), which its documentation offers for short openings. A session
//! keeps its read transaction until something is written.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use canopydb::{
    Bytes, Database, DbOptions, EnvOptions, ReadTransaction, Tree, TreeOptions, WriteTransaction,
};

use crate::peer::{Outcome, Peer, Session, Settings, Visit};

const TREE: &[u8] = b"kv";

pub struct Store {
    database: Database,
    writes: AtomicU64,
}

impl Store {
    pub fn open(settings: &Settings) -> Outcome<Self> {
        std::fs::create_dir_all(&settings.directory)?;
        let mut environment = EnvOptions::new(&settings.directory);
        environment.page_cache_size = settings.cache_size;
        let mut options = DbOptions::default();
        options.default_commit_sync = settings.durable;
        options.checkpoint_db_on_drop = true;
        options.write_txn_memory_limit = settings.write_buffer_size;
        options.checkpoint_target_size = settings.write_buffer_size;
        // Four times that, as by default.
        options.throttle_memory_limit = 4 * settings.write_buffer_size;
        options.stall_memory_limit = 4 * settings.write_buffer_size;
        let database = Database::with_options(environment, options)?;
        let first = database.begin_write()?;
        tree_of(&first)?;
        first.commit()?;
        Ok(Store {
            database,
            writes: AtomicU64::new(0),
        })
    }
}

/// The values are incompressible.
fn tree_of(transaction: &WriteTransaction) -> Outcome<Tree<'_>> {
    let mut options = TreeOptions::default();
    options.compress_overflow_values = None;
    Ok(transaction.get_or_create_tree_with(TREE, options)?)
}

impl Peer for Store {
    fn session<'a>(&'a self) -> Box<dyn Session + 'a> {
        Box::new(StoreSession {
            store: self,
            value: None,
            reader: None,
        })
    }

    fn scan(&self, visit: Visit) -> Outcome<()> {
        let transaction = self.database.begin_read()?;
        let tree = transaction.get_tree(TREE)?.ok_or("the tree is missing")?;
        for entry in tree.iter()? {
            let (key, value) = entry?;
            visit(&key, &value);
        }
        Ok(())
    }

    fn compact(&mut self, _target: &Path) -> Outcome<bool> {
        self.database.compact()?;
        Ok(false)
    }
}

/// A tree and the transaction that it borrows from; the tree is dropped first.
struct Reader {
    tree: Tree<'static>,
    _transaction: Box<ReadTransaction>,
    writes: u64,
}

impl Reader {
    fn open(store: &Store, writes: u64) -> Outcome<Self> {
        let transaction = Box::new(store.database.begin_read()?);
        let borrowed: *const ReadTransaction = &*transaction;
        // Safety: the transaction is in a box that lives as long as the tree, and is dropped after it.
        let tree = unsafe { &*borrowed }.get_tree(TREE)?;
        Ok(Reader {
            tree: tree.ok_or("the tree is missing")?,
            _transaction: transaction,
            writes,
        })
    }
}

struct StoreSession<'a> {
    store: &'a Store,
    value: Option<Bytes>,
    reader: Option<Reader>,
}

impl StoreSession<'_> {
    fn reader(&mut self) -> Outcome<&Reader> {
        let writes = self.store.writes.load(Ordering::Acquire);
        if self
            .reader
            .as_ref()
            .is_none_or(|reader| reader.writes != writes)
        {
            self.reader = None;
            self.reader = Some(Reader::open(self.store, writes)?);
        }
        Ok(self.reader.as_ref().expect("it was just set"))
    }

    fn change<T>(&mut self, change: impl FnOnce(&mut Tree) -> Outcome<T>) -> Outcome<T> {
        self.value = None;
        self.reader = None;
        let transaction = self.store.database.begin_write()?;
        let result = change(&mut tree_of(&transaction)?)?;
        transaction.commit()?;
        self.store.writes.fetch_add(1, Ordering::Release);
        Ok(result)
    }
}

impl Session for StoreSession<'_> {
    fn put(&mut self, key: &[u8], value: &[u8]) -> Outcome<()> {
        self.change(|tree| Ok(tree.insert(key, value)?))
    }

    fn put_batch(&mut self, entries: &[(&[u8], &[u8])]) -> Outcome<()> {
        self.change(|tree| {
            for (key, value) in entries {
                tree.insert(key, value)?;
            }
            Ok(())
        })
    }

    fn get(&mut self, key: &[u8]) -> Outcome<Option<&[u8]>> {
        self.value = None;
        self.value = self.reader()?.tree.get(key)?;
        Ok(self.value.as_deref())
    }

    fn remove(&mut self, key: &[u8]) -> Outcome<bool> {
        self.change(|tree| Ok(tree.delete(key)?))
    }
}
