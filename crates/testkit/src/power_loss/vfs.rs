//! The SQLite file layer that does what `unix` does and writes it into the log.
//!
//! SQLite's objects are C structs of function pointers, so both are made by copying those of `unix` and replacing
//! a few pointers: everything else (locks, shared memory, time) runs as in production, without passing through
//! here. The copied functions of the VFS itself make no use of the VFS they are called on, except `xOpen`,
//! which is given the real one.

#![allow(unsafe_code)]

use std::{
    cell::Cell,
    ffi::{CStr, CString, OsStr, c_char, c_int, c_void},
    os::unix::ffi::OsStrExt,
    path::Path,
    ptr, slice,
};

use rusqlite::ffi;

use super::{
    Overwrite,
    log::{Change, Inode, Op, SharedLog},
};

const JOURNALS: c_int = ffi::SQLITE_OPEN_MAIN_JOURNAL | ffi::SQLITE_OPEN_SUPER_JOURNAL | ffi::SQLITE_OPEN_WAL;
const RECORDED: c_int = ffi::SQLITE_OPEN_MAIN_DB | JOURNALS;

/// Everything a device may claim about writes being whole or in order; our disk keeps no such promise.
const PROMISES: c_int = ffi::SQLITE_IOCAP_ATOMIC
    | ffi::SQLITE_IOCAP_ATOMIC512
    | ffi::SQLITE_IOCAP_ATOMIC1K
    | ffi::SQLITE_IOCAP_ATOMIC2K
    | ffi::SQLITE_IOCAP_ATOMIC4K
    | ffi::SQLITE_IOCAP_ATOMIC8K
    | ffi::SQLITE_IOCAP_ATOMIC16K
    | ffi::SQLITE_IOCAP_ATOMIC32K
    | ffi::SQLITE_IOCAP_ATOMIC64K
    | ffi::SQLITE_IOCAP_BATCH_ATOMIC
    | ffi::SQLITE_IOCAP_SAFE_APPEND
    | ffi::SQLITE_IOCAP_SEQUENTIAL;

/// What a registered VFS knows; its `pAppData`.
struct Layer {
    unix: *mut ffi::sqlite3_vfs,
    overwrite: Overwrite,
    log: SharedLog,
}

/// What is known of one open file. Its first field is the file's table of methods, so that the table's address,
/// which SQLite keeps in the file, is also the address of this.
#[repr(C)]
struct OpenFile {
    methods: ffi::sqlite3_io_methods,
    unix: &'static ffi::sqlite3_io_methods,
    overwrite: Overwrite,
    log: SharedLog,
    inode: Inode,
    /// The `unix` layer syncs the folder along with the first sync of a journal that it may have created.
    folder_sync: Cell<FolderSync>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum FolderSync {
    Due,
    Done,
}

/// Registers a VFS of a new name for the life of the process.
pub(super) fn register(name: &str, overwrite: Overwrite, log: &SharedLog) {
    let name = CString::new(name).expect("a file layer's name has no zero byte");
    // SAFETY: both arguments are strings that end in zero; the answer is null or lives as long as the process.
    let (taken, unix) =
        unsafe { (ffi::sqlite3_vfs_find(name.as_ptr()), ffi::sqlite3_vfs_find(c"unix".as_ptr())) };
    assert!(taken.is_null(), "a file layer named {name:?} is already registered");
    assert!(!unix.is_null(), "this SQLite has no `unix` file layer");
    let layer = Box::leak(Box::new(Layer { unix, overwrite, log: log.clone() }));
    let vfs = ffi::sqlite3_vfs {
        pNext: ptr::null_mut(),
        zName: name.into_raw(),
        pAppData: ptr::from_mut(layer).cast(),
        xOpen: Some(open),
        xDelete: Some(delete),
        // SAFETY: not null, and of the fields only `pNext` changes after start-up, which is not taken over.
        ..unsafe { *unix }
    };
    // SAFETY: the struct and all it points to are leaked, so they outlive every use.
    let outcome = unsafe { ffi::sqlite3_vfs_register(Box::leak(Box::new(vfs)), 0) };
    assert_eq!(outcome, ffi::SQLITE_OK, "register the file layer");
}

/// `xOpen`: opens the file by `unix` and swaps its table of methods for ours.
unsafe extern "C" fn open(
    vfs: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    flags_out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite passes the VFS that `register` made.
    let layer = unsafe { Layer::of(vfs) };
    let mut log = layer.log.lock();
    // SAFETY: SQLite passes null or a string that ends in zero and lives during the call.
    let path = unsafe { path_at(name) }.filter(|_| flags & RECORDED != 0);
    if path.is_some_and(|path| log.look(path).is_err()) {
        return ffi::SQLITE_CANTOPEN;
    }
    // SAFETY: the arguments are passed on unchanged, with the VFS that the function belongs to.
    let outcome = unsafe {
        let unix = (*layer.unix).xOpen.expect("`unix` opens files");
        unix(layer.unix, name, file, flags, flags_out)
    };
    if let (ffi::SQLITE_OK, Some(Ok(inode))) = (outcome, path.map(|path| log.open(path))) {
        // SAFETY: `unix` has just opened the file.
        unsafe { OpenFile::adopt(file, layer, inode, flags) };
    }
    outcome
}

/// `xDelete`: deletes the file by `unix`, which syncs the folder when asked to.
unsafe extern "C" fn delete(vfs: *mut ffi::sqlite3_vfs, name: *const c_char, sync_folder: c_int) -> c_int {
    // SAFETY: SQLite passes the VFS that `register` made, and a string that ends in zero.
    let (layer, path) = unsafe { (Layer::of(vfs), path_at(name)) };
    let mut log = layer.log.lock();
    // SAFETY: the arguments are passed on unchanged, with the VFS that the function belongs to.
    let outcome = unsafe {
        let unix = (*layer.unix).xDelete.expect("`unix` deletes files");
        unix(layer.unix, name, sync_folder)
    };
    let recorded = outcome == ffi::SQLITE_OK && path.is_some_and(|path| log.delete(path).is_ok());
    if recorded && sync_folder & 1 != 0 {
        log.push(Op::SyncFolder);
    }
    outcome
}

impl Layer {
    /// # Safety
    /// `vfs` was made by [`register`].
    unsafe fn of<'any>(vfs: *mut ffi::sqlite3_vfs) -> &'any Layer {
        // SAFETY: by the contract, `pAppData` is a leaked `Layer`.
        unsafe { &*(*vfs).pAppData.cast::<Layer>() }
    }
}

impl OpenFile {
    /// # Safety
    /// `file` was opened by the `unix` layer.
    unsafe fn adopt(file: *mut ffi::sqlite3_file, layer: &Layer, inode: Inode, flags: c_int) {
        // SAFETY: an open file has a table of methods, and those of `unix` are static.
        let unix: &'static ffi::sqlite3_io_methods = unsafe { &*(*file).pMethods };
        let may_create_journal = flags & ffi::SQLITE_OPEN_CREATE != 0 && flags & JOURNALS != 0;
        let open = Box::new(OpenFile {
            methods: ffi::sqlite3_io_methods {
                xClose: Some(close),
                xWrite: Some(write),
                xTruncate: Some(truncate),
                xSync: Some(sync),
                xDeviceCharacteristics: Some(device_characteristics),
                ..*unix
            },
            unix,
            overwrite: layer.overwrite,
            log: layer.log.clone(),
            inode,
            folder_sync: Cell::new(if may_create_journal { FolderSync::Due } else { FolderSync::Done }),
        });
        // SAFETY: as above; `close` takes the box back.
        unsafe { (*file).pMethods = Box::into_raw(open).cast() };
    }

    /// # Safety
    /// `file` was adopted and is not closed; SQLite calls these methods of one file one at a time.
    unsafe fn of<'call>(file: *mut ffi::sqlite3_file) -> &'call OpenFile {
        // SAFETY: by the contract, and since the table of methods is the first field.
        unsafe { &*(*file).pMethods.cast::<OpenFile>() }
    }
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: SQLite closes an open file once, and `adopt` put the box there.
    unsafe {
        let open = Box::from_raw((*file).pMethods.cast::<OpenFile>().cast_mut());
        open.unix.xClose.expect("`unix` closes files")(file)
    }
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    from: *const c_void,
    length: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: SQLite passes an open file.
    let open = unsafe { OpenFile::of(file) };
    let mut log = open.log.lock();
    // SAFETY: the arguments are passed on unchanged to the method of the same file.
    let outcome = unsafe { open.unix.xWrite.expect("`unix` writes files")(file, from, length, offset) };
    if outcome == ffi::SQLITE_OK {
        // SAFETY: SQLite promises `length` readable bytes at `from`.
        let bytes = unsafe { slice::from_raw_parts(from.cast::<u8>(), size(length.into())) };
        let change = Change::Write { offset: size(offset), bytes: bytes.to_vec() };
        log.push(Op::Change { inode: open.inode, change });
    }
    outcome
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, length: ffi::sqlite3_int64) -> c_int {
    // SAFETY: SQLite passes an open file.
    let open = unsafe { OpenFile::of(file) };
    let mut log = open.log.lock();
    // SAFETY: the arguments are passed on unchanged to the method of the same file.
    let outcome = unsafe { open.unix.xTruncate.expect("`unix` truncates files")(file, length) };
    if outcome == ffi::SQLITE_OK {
        log.push(Op::Change { inode: open.inode, change: Change::Truncate { size: size(length) } });
    }
    outcome
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    // SAFETY: SQLite passes an open file.
    let open = unsafe { OpenFile::of(file) };
    let mut log = open.log.lock();
    // SAFETY: the arguments are passed on unchanged to the method of the same file.
    let outcome = unsafe { open.unix.xSync.expect("`unix` syncs files")(file, flags) };
    if outcome == ffi::SQLITE_OK {
        log.push(Op::Sync { inode: open.inode });
        if open.folder_sync.replace(FolderSync::Done) == FolderSync::Due {
            log.push(Op::SyncFolder);
        }
    }
    outcome
}

unsafe extern "C" fn device_characteristics(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: SQLite passes an open file, and it is passed on to the method of the same file.
    let (open, claimed) = unsafe {
        let open = OpenFile::of(file);
        (open, open.unix.xDeviceCharacteristics.expect("`unix` describes devices")(file))
    };
    match open.overwrite {
        Overwrite::Safe => claimed & !PROMISES,
        Overwrite::Unsafe => claimed & !(PROMISES | ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE),
    }
}

/// # Safety
/// `name` is null or a string that ends in zero and lives for `'call`.
unsafe fn path_at<'call>(name: *const c_char) -> Option<&'call Path> {
    // SAFETY: by the contract.
    (!name.is_null()).then(|| Path::new(OsStr::from_bytes(unsafe { CStr::from_ptr(name) }.to_bytes())))
}

fn size(number: ffi::sqlite3_int64) -> usize {
    usize::try_from(number).expect("SQLite's sizes and offsets are not negative")
}
