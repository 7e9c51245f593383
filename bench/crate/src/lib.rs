//! The Rust crate `datawal` behind a C ABI: what bench/compare/stores/crate.cc calls.
//!
//! Functions that can fail return null, false or a negative number and leave a message for
//! `crate_last_error`. Every pointer comes from the C++ side and is valid for the length given with
//! it; a handle is used by one thread and not after its `close`. That is the whole safety contract.

#![allow(clippy::missing_safety_doc)]

use std::cell::RefCell;
use std::ffi::{c_char, c_void, CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use datawal::{DataWal, RecordLog};

thread_local! {
    static LAST_ERROR: RefCell<CString> = RefCell::new(CString::default());
}

/// A borrowed run of bytes, as C++ passes and receives it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Slice {
    data: *const u8,
    size: usize,
}

impl Slice {
    fn of(bytes: &[u8]) -> Self {
        Slice {
            data: bytes.as_ptr(),
            size: bytes.len(),
        }
    }

    /// Safety: the C++ side keeps the bytes alive and unchanged during the call.
    unsafe fn bytes<'a>(self) -> &'a [u8] {
        if self.size == 0 {
            return &[];
        }
        std::slice::from_raw_parts(self.data, self.size)
    }

    /// Safety: as `bytes`.
    unsafe fn path<'a>(self) -> &'a Path {
        Path::new(OsStr::from_bytes(self.bytes()))
    }
}

/// Called for each entry of a scan, with the context that the caller gave.
pub type Visitor = unsafe extern "C" fn(context: *mut c_void, key: Slice, value: Slice);

/// An open key/value store, and the value that `get` found last.
pub struct Store {
    store: DataWal,
    value: Vec<u8>,
}

fn note<E: std::fmt::Display>(error: E) {
    let text = format!("{error:#}").replace('\0', " ");
    LAST_ERROR.with(|last| *last.borrow_mut() = CString::new(text).unwrap_or_default());
}

fn succeeded<T, E: std::fmt::Display>(result: Result<T, E>) -> bool {
    result.map_err(note).is_ok()
}

/// Why the last call of this thread failed; valid until the next failure.
#[no_mangle]
pub extern "C" fn crate_last_error() -> *const c_char {
    LAST_ERROR.with(|last| last.borrow().as_ptr())
}

#[no_mangle]
pub unsafe extern "C" fn crate_store_open(directory: Slice) -> *mut Store {
    match DataWal::open(directory.path()) {
        Ok(store) => Box::into_raw(Box::new(Store {
            store,
            value: Vec::new(),
        })),
        Err(error) => {
            note(error);
            std::ptr::null_mut()
        }
    }
}

#[no_mangle]
pub unsafe extern "C" fn crate_store_close(store: *mut Store) {
    drop(Box::from_raw(store));
}

#[no_mangle]
pub unsafe extern "C" fn crate_store_put(store: *mut Store, key: Slice, value: Slice) -> bool {
    succeeded((*store).store.put(key.bytes(), value.bytes()))
}

#[no_mangle]
pub unsafe extern "C" fn crate_store_sync(store: *mut Store) -> bool {
    succeeded((*store).store.fsync())
}

/// 1 and the value, which stays valid until the next `get`; 0 if the key is absent; -1 on failure.
#[no_mangle]
pub unsafe extern "C" fn crate_store_get(store: *mut Store, key: Slice, value: *mut Slice) -> i32 {
    match (*store).store.get(key.bytes()) {
        Ok(Some(found)) => {
            (*store).value = found;
            *value = Slice::of(&(*store).value);
            1
        }
        Ok(None) => 0,
        Err(error) => {
            note(error);
            -1
        }
    }
}

#[no_mangle]
pub unsafe extern "C" fn crate_store_scan(
    store: *mut Store,
    visit: Visitor,
    context: *mut c_void,
) -> bool {
    succeeded((*store).store.items().map(|items| {
        for (key, value) in &items {
            visit(context, Slice::of(key), Slice::of(value));
        }
    }))
}

#[no_mangle]
pub unsafe extern "C" fn crate_store_compact_to(store: *mut Store, target: Slice) -> bool {
    succeeded((*store).store.compact_to(target.path()))
}

#[no_mangle]
pub unsafe extern "C" fn crate_store_export_jsonl(store: *mut Store, file: Slice) -> bool {
    succeeded((*store).store.export_jsonl(file.path()))
}

#[no_mangle]
pub unsafe extern "C" fn crate_log_open(directory: Slice) -> *mut RecordLog {
    match RecordLog::open(directory.path()) {
        Ok(log) => Box::into_raw(Box::new(log)),
        Err(error) => {
            note(error);
            std::ptr::null_mut()
        }
    }
}

#[no_mangle]
pub unsafe extern "C" fn crate_log_close(log: *mut RecordLog) {
    drop(Box::from_raw(log));
}

#[no_mangle]
pub unsafe extern "C" fn crate_log_append(log: *mut RecordLog, payload: Slice) -> bool {
    succeeded((*log).append(payload.bytes()))
}

#[no_mangle]
pub unsafe extern "C" fn crate_log_scan(
    log: *mut RecordLog,
    visit: Visitor,
    context: *mut c_void,
) -> bool {
    let records = match (*log).scan_iter() {
        Ok(records) => records,
        Err(error) => {
            note(error);
            return false;
        }
    };
    for record in records {
        match record {
            Ok(record) => visit(context, Slice::of(&record.key), Slice::of(&record.payload)),
            Err(error) => {
                note(error);
                return false;
            }
        }
    }
    true
}
