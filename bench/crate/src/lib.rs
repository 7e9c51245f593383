//! The Rust crates of the comparison behind a C ABI: what bench/compare/stores/crates.cc calls.
//!
//! Functions that can fail return null, false or a negative number and leave a message for
//! `peer_last_error`. Every pointer comes from the C++ side and is valid for the length given with
//! it; a store outlives its sessions, a session is used by one thread, and no handle is used after
//! its `close`. That is the whole safety contract.

#![allow(clippy::missing_safety_doc)]

mod canopydb_store;
mod datawal_store;
mod fjall_store;
mod peer;
mod redb_store;
mod simd_r_drive_store;

use std::cell::RefCell;
use std::ffi::{c_char, c_void, CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use datawal::RecordLog;
use peer::{Outcome, Peer, Session, Settings};

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

#[repr(C)]
pub struct Entry {
    key: Slice,
    value: Slice,
}

#[repr(C)]
pub struct PeerSettings {
    directory: Slice,
    value_size: usize,
    cache_size: usize,
    write_buffer_size: usize,
    durable: bool,
}

/// Called for each entry of a scan, with the context that the caller gave.
pub type Visitor = unsafe extern "C" fn(context: *mut c_void, key: Slice, value: Slice);

pub struct PeerHandle(Box<dyn Peer>);
pub struct SessionHandle(Box<dyn Session>);

fn note(text: String) {
    let text = text.replace('\0', " ");
    LAST_ERROR.with(|last| *last.borrow_mut() = CString::new(text).unwrap_or_default());
}

fn succeeded<E: std::fmt::Display>(result: Result<(), E>) -> bool {
    result.map_err(|error| note(format!("{error:#}"))).is_ok()
}

fn handle_of<T, E: std::fmt::Display>(result: Result<T, E>) -> *mut T {
    match result {
        Ok(value) => Box::into_raw(Box::new(value)),
        Err(error) => {
            note(format!("{error:#}"));
            std::ptr::null_mut()
        }
    }
}

/// Why the last call of this thread failed; valid until the next failure.
#[no_mangle]
pub extern "C" fn peer_last_error() -> *const c_char {
    LAST_ERROR.with(|last| last.borrow().as_ptr())
}

fn open(name: &[u8], settings: &Settings) -> Outcome<PeerHandle> {
    let peer: Box<dyn Peer> = match name {
        b"crate" => Box::new(datawal_store::Store::open(settings)?),
        b"redb" => Box::new(redb_store::Store::open(settings)?),
        b"fjall" => Box::new(fjall_store::Store::open(settings)?),
        b"canopydb" => Box::new(canopydb_store::Store::open(settings)?),
        b"simd-r-drive" => Box::new(simd_r_drive_store::Store::open(settings)?),
        _ => return Err("there is no crate of this name".into()),
    };
    Ok(PeerHandle(peer))
}

#[no_mangle]
pub unsafe extern "C" fn peer_open(name: Slice, settings: *const PeerSettings) -> *mut PeerHandle {
    let given = &*settings;
    let settings = Settings {
        directory: given.directory.path().to_path_buf(),
        value_size: given.value_size,
        durable: given.durable,
        cache_size: given.cache_size,
        write_buffer_size: given.write_buffer_size,
    };
    handle_of(open(name.bytes(), &settings))
}

#[no_mangle]
pub unsafe extern "C" fn peer_close(peer: *mut PeerHandle) {
    drop(Box::from_raw(peer));
}

#[no_mangle]
pub unsafe extern "C" fn peer_session(peer: *mut PeerHandle) -> *mut SessionHandle {
    // Safety: the store outlives the session.
    let peer: &'static PeerHandle = &*peer;
    Box::into_raw(Box::new(SessionHandle(peer.0.session())))
}

#[no_mangle]
pub unsafe extern "C" fn peer_session_close(session: *mut SessionHandle) {
    drop(Box::from_raw(session));
}

#[no_mangle]
pub unsafe extern "C" fn peer_put(session: *mut SessionHandle, key: Slice, value: Slice) -> bool {
    succeeded((*session).0.put(key.bytes(), value.bytes()))
}

#[no_mangle]
pub unsafe extern "C" fn peer_put_batch(
    session: *mut SessionHandle,
    entries: *const Entry,
    count: usize,
) -> bool {
    let entries: Vec<(&[u8], &[u8])> = std::slice::from_raw_parts(entries, count)
        .iter()
        .map(|entry| (entry.key.bytes(), entry.value.bytes()))
        .collect();
    succeeded((*session).0.put_batch(&entries))
}

/// 1 and the value, which stays valid until the session's next call; 0 if the key is absent; -1 on
/// failure.
#[no_mangle]
pub unsafe extern "C" fn peer_get(
    session: *mut SessionHandle,
    key: Slice,
    value: *mut Slice,
) -> i32 {
    match (*session).0.get(key.bytes()) {
        Ok(Some(found)) => {
            *value = Slice::of(found);
            1
        }
        Ok(None) => 0,
        Err(error) => {
            note(format!("{error:#}"));
            -1
        }
    }
}

/// 1 if the key was there, 0 if not, -1 on failure.
#[no_mangle]
pub unsafe extern "C" fn peer_remove(session: *mut SessionHandle, key: Slice) -> i32 {
    match (*session).0.remove(key.bytes()) {
        Ok(existed) => i32::from(existed),
        Err(error) => {
            note(format!("{error:#}"));
            -1
        }
    }
}

#[no_mangle]
pub unsafe extern "C" fn peer_scan(
    peer: *mut PeerHandle,
    visit: Visitor,
    context: *mut c_void,
) -> bool {
    let mut each = |key: &[u8], value: &[u8]| visit(context, Slice::of(key), Slice::of(value));
    succeeded((*peer).0.scan(&mut each))
}

/// 1 if the compacted store is in `target`, 0 if it was compacted in place, -1 on failure.
#[no_mangle]
pub unsafe extern "C" fn peer_compact(peer: *mut PeerHandle, target: Slice) -> i32 {
    match (*peer).0.compact(target.path()) {
        Ok(into_target) => i32::from(into_target),
        Err(error) => {
            note(format!("{error:#}"));
            -1
        }
    }
}

#[no_mangle]
pub unsafe extern "C" fn peer_export_jsonl(peer: *mut PeerHandle, file: Slice) -> bool {
    succeeded((*peer).0.export_jsonl(file.path()))
}

#[no_mangle]
pub unsafe extern "C" fn crate_log_open(directory: Slice) -> *mut RecordLog {
    handle_of(RecordLog::open(directory.path()))
}

#[no_mangle]
pub unsafe extern "C" fn crate_log_close(log: *mut RecordLog) {
    drop(Box::from_raw(log));
}

#[no_mangle]
pub unsafe extern "C" fn crate_log_append(log: *mut RecordLog, payload: Slice) -> bool {
    succeeded((*log).append(payload.bytes()).map(|_| ()))
}

fn scan_log(log: &mut RecordLog, visit: Visitor, context: *mut c_void) -> Outcome<()> {
    for record in log.scan_iter()? {
        let record = record?;
        // Safety: the C++ side passed a function that takes this context.
        unsafe { visit(context, Slice::of(&record.key), Slice::of(&record.payload)) };
    }
    Ok(())
}

#[no_mangle]
pub unsafe extern "C" fn crate_log_scan(
    log: *mut RecordLog,
    visit: Visitor,
    context: *mut c_void,
) -> bool {
    succeeded(scan_log(&mut *log, visit, context))
}
