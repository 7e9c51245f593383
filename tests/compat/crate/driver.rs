//! Drives the published crate `datawal` by a line protocol on stdin and stdout, so that the tests of
//! this project can hold both implementations against each other. `../README.md` describes the
//! protocol; `../driver.cc` speaks the same one for the C++ library.

use datawal::format::{decode_next, encode_record, DecodeError, DecodeOutcome};
use datawal::lock::DirLock;
use datawal::{DataWal, Record, RecordLog, RecordLogReader, RecordRef, RecordType, RecoveryReport};
use std::io::{self, BufRead, BufWriter, Write};
use std::path::Path;

/// Longer byte strings are shown by their length and hash.
const SHOWN_IN_FULL_MAX: usize = 1024;

type Reply = Result<Vec<String>, String>;

enum Handle {
    None,
    Log(RecordLog),
    Store(DataWal),
    Reader(RecordLogReader),
}

struct Driver {
    handle: Handle,
    lock: Option<DirLock>,
}

fn main() -> io::Result<()> {
    let mut driver = Driver { handle: Handle::None, lock: None };
    let mut out = BufWriter::new(io::stdout());
    for line in io::stdin().lock().lines() {
        match driver.run(&line?) {
            Ok(lines) => lines.iter().try_for_each(|line| writeln!(out, "{line}"))?,
            Err(text) => writeln!(out, "err {}", text.replace('\n', " "))?,
        }
        out.flush()?;
    }
    Ok(())
}

impl Driver {
    fn run(&mut self, line: &str) -> Reply {
        let (command, rest) = line.split_once(' ').unwrap_or((line, ""));
        let args: Vec<&str> = rest.split(' ').filter(|word| !word.is_empty()).collect();
        match command {
            "open" => self.open(rest),
            "close" => self.close(),
            "append" => self.append(RecordType::Raw, &[], &bytes(arg(&args, 0)?)?),
            "append_record" => {
                let record_type = parse_type(arg(&args, 0)?)?;
                self.append(record_type, &bytes(arg(&args, 1)?)?, &bytes(arg(&args, 2)?)?)
            }
            "put" => done(self.store()?.put(&bytes(arg(&args, 0)?)?, &bytes(arg(&args, 1)?)?)),
            "delete" => done(self.store()?.delete(&bytes(arg(&args, 0)?)?)),
            "get" => self.get(&bytes(arg(&args, 0)?)?),
            "ref" => self.reference(&bytes(arg(&args, 0)?)?),
            "len" => Ok(vec![format!("ok {}", self.store()?.len())]),
            "sync" => self.sync(),
            "rotate" => done(self.log()?.rotate()),
            "report" => self.report(),
            "dump" => self.dump(),
            "state" => self.state(),
            "compact" => self.compact(rest),
            "export" => done(self.store()?.export_jsonl(Path::new(rest))),
            "lock" => self.take_lock(rest),
            "unlock" => {
                self.lock = None;
                Ok(vec!["ok".into()])
            }
            "encode" => encode(&args),
            "decode" => Ok(vec![decode(&bytes(arg(&args, 0)?)?)]),
            _ => Err(format!("unknown command {command}")),
        }
    }

    fn open(&mut self, rest: &str) -> Reply {
        let (kind, path) = rest.split_once(' ').ok_or("open needs a kind and a path")?;
        self.handle = Handle::None;
        self.handle = match kind {
            "log" => Handle::Log(RecordLog::open(Path::new(path)).map_err(text)?),
            "kv" => Handle::Store(DataWal::open(Path::new(path)).map_err(text)?),
            "reader" => Handle::Reader(RecordLogReader::open(Path::new(path)).map_err(text)?),
            _ => return Err(format!("unknown kind {kind}")),
        };
        Ok(vec!["ok".into()])
    }

    fn close(&mut self) -> Reply {
        match std::mem::replace(&mut self.handle, Handle::None) {
            Handle::Log(log) => done(log.close()),
            _ => Ok(vec!["ok".into()]),
        }
    }

    fn log(&mut self) -> Result<&mut RecordLog, String> {
        match &mut self.handle {
            Handle::Log(log) => Ok(log),
            _ => Err("no log is open".into()),
        }
    }

    fn store(&mut self) -> Result<&mut DataWal, String> {
        match &mut self.handle {
            Handle::Store(store) => Ok(store),
            _ => Err("no store is open".into()),
        }
    }

    fn append(&mut self, record_type: RecordType, key: &[u8], payload: &[u8]) -> Reply {
        let log = self.log()?;
        let place = if record_type == RecordType::Raw && key.is_empty() {
            log.append(payload)
        } else {
            log.append_record(record_type, key, payload)
        };
        Ok(vec![format!("ok {}", show_place(&place.map_err(text)?))])
    }

    fn get(&mut self, key: &[u8]) -> Reply {
        let reply = match self.store()?.get(key).map_err(text)? {
            Some(value) => format!("ok some {}", show(&value)),
            None => "ok none".into(),
        };
        Ok(vec![reply])
    }

    fn reference(&mut self, key: &[u8]) -> Reply {
        let reply = match self.store()?.ref_of(key) {
            Some(place) => format!("ok some {}", show_place(&place)),
            None => "ok none".into(),
        };
        Ok(vec![reply])
    }

    fn sync(&mut self) -> Reply {
        match &mut self.handle {
            Handle::Log(log) => done(log.fsync()),
            Handle::Store(store) => done(store.fsync()),
            _ => Err("nothing is open for writing".into()),
        }
    }

    fn report(&mut self) -> Reply {
        let report = match &self.handle {
            Handle::Log(log) => log.recovery_report().map_err(text)?,
            Handle::Store(store) => store.log().recovery_report().map_err(text)?,
            Handle::Reader(reader) => {
                let mut records = reader.scan_iter().map_err(text)?;
                if let Some(error) = records.by_ref().find_map(|record| record.err()) {
                    return Err(text(error));
                }
                records.recovery_report()
            }
            Handle::None => return Err("nothing is open".into()),
        };
        Ok(vec![format!("ok {}", show_report(&report))])
    }

    fn dump(&mut self) -> Reply {
        let records = match &self.handle {
            Handle::Log(log) => log.scan_iter(),
            Handle::Store(store) => store.log().scan_iter(),
            Handle::Reader(reader) => reader.scan_iter(),
            Handle::None => return Err("nothing is open".into()),
        };
        let mut lines = vec![String::new()];
        for record in records.map_err(text)? {
            match record {
                Ok(record) => lines.push(show_record(&record)),
                Err(error) => return Err(format!("after {} records: {error:#}", lines.len() - 1)),
            }
        }
        lines[0] = format!("ok {}", lines.len() - 1);
        Ok(lines)
    }

    fn state(&mut self) -> Reply {
        let mut items = self.store()?.items().map_err(text)?;
        items.sort();
        let mut lines = vec![format!("ok {}", items.len())];
        lines.extend(items.iter().map(|(key, value)| format!("{} {}", show(key), show(value))));
        Ok(lines)
    }

    fn compact(&mut self, path: &str) -> Reply {
        let stats = self.store()?.compact_to(Path::new(path)).map_err(text)?;
        let (live, written, size) = (stats.live_keys, stats.records_written, stats.bytes_written);
        Ok(vec![format!("ok {live} {written} {size}")])
    }

    fn take_lock(&mut self, path: &str) -> Reply {
        self.lock = Some(DirLock::acquire(Path::new(path)).map_err(text)?);
        Ok(vec!["ok".into()])
    }
}

fn arg<'a>(args: &[&'a str], index: usize) -> Result<&'a str, String> {
    args.get(index).copied().ok_or_else(|| format!("argument {index} is missing"))
}

fn text(error: impl std::fmt::Display) -> String {
    format!("{error:#}")
}

fn done<E: std::fmt::Display>(result: Result<(), E>) -> Reply {
    result.map(|()| vec!["ok".into()]).map_err(text)
}

fn parse_type(word: &str) -> Result<RecordType, String> {
    match word {
        "Raw" => Ok(RecordType::Raw),
        "Put" => Ok(RecordType::Put),
        "Delete" => Ok(RecordType::Delete),
        _ => Err(format!("unknown record type {word}")),
    }
}

/// `-` is empty, `SEED:SIZE` is that many bytes of a generator, anything else is hexadecimal.
fn bytes(word: &str) -> Result<Vec<u8>, String> {
    if word == "-" {
        return Ok(Vec::new());
    }
    if let Some((seed, size)) = word.split_once(':') {
        let size: usize = size.parse().map_err(text)?;
        return Ok(generated(seed.parse().map_err(text)?, size));
    }
    if word.len() % 2 != 0 || !word.is_ascii() {
        return Err("odd or foreign hexadecimal".into());
    }
    let pairs = (0..word.len()).step_by(2).map(|i| &word[i..i + 2]);
    pairs.map(|pair| u8::from_str_radix(pair, 16).map_err(text)).collect()
}

/// The first `size` bytes of SplitMix64's outputs, little-endian.
fn generated(seed: u64, size: usize) -> Vec<u8> {
    let mut state = seed;
    let mut out = Vec::with_capacity(size + 8);
    while out.len() < size {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        out.extend_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes());
    }
    out.truncate(size);
    out
}

fn show(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "-".into();
    }
    if bytes.len() <= SHOWN_IN_FULL_MAX {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |nibble: u8| DIGITS[usize::from(nibble)] as char;
        return bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect();
    }
    // FNV-1a, 64 bits.
    let hash = bytes.iter().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3)
    });
    format!("{}#{hash:016x}", bytes.len())
}

fn show_place(place: &RecordRef) -> String {
    format!("{} {} {}", place.segment, place.offset, place.len)
}

fn show_record(record: &Record) -> String {
    let (key, payload) = (show(&record.key), show(&record.payload));
    let place = format!("{} {} {}", record.segment, record.offset, record.len);
    format!("{:?} {} {key} {payload} {place}", record.record_type, record.txid)
}

fn show_report(report: &RecoveryReport) -> String {
    format!(
        "files={} records={} truncated={} discarded={} mid_stream={} versions={} last_txid={}",
        report.files_scanned,
        report.records_replayed,
        report.tail_truncated,
        report.tail_bytes_discarded,
        report.mid_stream_errors,
        report.unsupported_versions,
        report.last_txid_seen
    )
}

fn encode(args: &[&str]) -> Reply {
    let record_type = parse_type(arg(args, 0)?)?;
    let txid: u64 = arg(args, 1)?.parse().map_err(text)?;
    let (key, payload) = (bytes(arg(args, 2)?)?, bytes(arg(args, 3)?)?);
    let frame = encode_record(record_type, txid, &key, &payload).map_err(text)?;
    Ok(vec![format!("ok {}", show(&frame))])
}

fn decode(bytes: &[u8]) -> String {
    match decode_next(bytes, 0) {
        Ok(DecodeOutcome::Ok { record_type, txid, key, payload, bytes_consumed }) => {
            let (key, payload) = (show(&key), show(&payload));
            format!("ok frame {record_type:?} {txid} {key} {payload} {bytes_consumed}")
        }
        Ok(DecodeOutcome::Truncated { available, needed }) => {
            format!("ok truncated {available} {needed}")
        }
        Ok(DecodeOutcome::CrcMismatch { bytes_consumed }) => format!("ok crc {bytes_consumed}"),
        Err(error) => format!("ok structural {}", show_structural(&error)),
    }
}

fn show_structural(error: &DecodeError) -> String {
    match error {
        DecodeError::BadMagic { found } => format!("magic {}", u32::from_le_bytes(*found)),
        DecodeError::UnknownVersion { found } => format!("version {found}"),
        DecodeError::UnknownRecordType { found } => format!("type {found}"),
        DecodeError::ReservedFlagsSet { found } => format!("flags {found}"),
        DecodeError::KeyTooLarge { found } => format!("key_size {found}"),
        DecodeError::PayloadTooLarge { found } => format!("payload_size {found}"),
    }
}
