//! A disk in the middle of its work: what is durable, and what is still on its way.
//!
//! Files and names settle apart: a sync of a file pins its bytes, a sync of the folder pins the names.

use std::{collections::BTreeMap, ops::Range};

use super::{
    Overwrite,
    log::{Change, Inode, Op},
    luck::{Fate, Luck, Tear},
};

const SECTOR: usize = 512;

#[derive(Default)]
pub(super) struct Disk<'log> {
    files: BTreeMap<Inode, Content<'log>>,
    names: BTreeMap<String, Entry>,
}

/// A file's durable bytes and the changes since its last sync.
#[derive(Default)]
struct Content<'log> {
    durable: Vec<u8>,
    pending: Vec<&'log Change>,
}

/// Which file a name stands for: as of the last sync of the folder, then after each change since.
#[derive(Default)]
struct Entry {
    durable: Option<Inode>,
    pending: Vec<Option<Inode>>,
}

impl<'log> Disk<'log> {
    pub(super) fn after(ops: &'log [Op]) -> Disk<'log> {
        let mut disk = Disk::default();
        for op in ops {
            disk.apply(op);
        }
        disk
    }

    fn apply(&mut self, op: &'log Op) {
        match op {
            Op::Find { name, inode, bytes } => {
                self.files.insert(*inode, Content { durable: bytes.clone(), pending: Vec::new() });
                self.names.insert(name.clone(), Entry { durable: Some(*inode), pending: Vec::new() });
            }
            Op::Create { name, inode } => self.rename(name, Some(*inode)),
            Op::Delete { name } => self.rename(name, None),
            Op::Change { inode, change } => self.files.entry(*inode).or_default().pending.push(change),
            Op::Sync { inode } => self.files.entry(*inode).or_default().sync(),
            Op::SyncFolder => self.names.values_mut().for_each(Entry::sync),
        }
    }

    fn rename(&mut self, name: &str, inode: Option<Inode>) {
        self.names.entry(name.into()).or_default().pending.push(inode);
    }

    /// The files that are found after a power failure now.
    pub(super) fn survivors(&self, overwrite: Overwrite, luck: &mut Luck) -> BTreeMap<String, Vec<u8>> {
        let mut found = BTreeMap::new();
        for (name, entry) in &self.names {
            if let Some(inode) = entry.settle(luck) {
                let bytes = self.files.get(&inode).map(|file| file.settle(overwrite, luck));
                found.insert(name.clone(), bytes.unwrap_or_default());
            }
        }
        found
    }
}

impl Entry {
    fn sync(&mut self) {
        if let Some(last) = self.pending.drain(..).next_back() {
            self.durable = last;
        }
    }

    fn settle(&self, luck: &mut Luck) -> Option<Inode> {
        match luck.pick(self.pending.len() + 1) {
            0 => self.durable,
            steps => self.pending[steps - 1],
        }
    }
}

impl Content<'_> {
    fn sync(&mut self) {
        for change in self.pending.drain(..) {
            match change {
                Change::Truncate { size } => self.durable.resize(*size, 0),
                Change::Write { offset, bytes } => put(&mut self.durable, *offset, bytes),
            }
        }
    }

    fn settle(&self, overwrite: Overwrite, luck: &mut Luck) -> Vec<u8> {
        let mut file = self.durable.clone();
        for change in &self.pending {
            match change {
                Change::Truncate { size } if luck.coin() => file.resize(*size, 0),
                Change::Truncate { .. } => {}
                Change::Write { offset, bytes } => write(&mut file, *offset, bytes, overwrite, luck),
            }
        }
        file
    }
}

/// Carries out a write as far as the power failure let it.
fn write(file: &mut Vec<u8>, offset: usize, bytes: &[u8], overwrite: Overwrite, luck: &mut Luck) {
    let tear = match luck.fate(sectors(offset, bytes.len()).count()) {
        Fate::Lost => return,
        Fate::Kept => return put(file, offset, bytes),
        Fate::Torn(tear) => tear,
    };
    for (index, sector) in sectors(offset, bytes.len()).enumerate() {
        let arrived = match tear {
            Tear::Front(count) => index < count,
            Tear::Scattered => luck.coin(),
        };
        if arrived {
            put(file, sector.start, &bytes[sector.start - offset..sector.end - offset]);
        } else if overwrite == Overwrite::Unsafe && luck.coin() {
            spoil(file, sector, luck);
        }
    }
}

/// The written range, split where sectors begin.
fn sectors(offset: usize, length: usize) -> impl Iterator<Item = Range<usize>> {
    let end = offset + length;
    (offset / SECTOR..end.div_ceil(SECTOR))
        .map(move |sector| offset.max(sector * SECTOR)..end.min((sector + 1) * SECTOR))
}

fn put(file: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    file[offset..end].copy_from_slice(bytes);
}

/// Fills the whole sector around a part of it with noise, as far as the file reaches.
fn spoil(file: &mut Vec<u8>, part: Range<usize>, luck: &mut Luck) {
    let start = part.start / SECTOR * SECTOR;
    let end = part.end.max(file.len().min(start + SECTOR));
    let noise: Vec<u8> = (start..end).map(|_| luck.noise()).collect();
    put(file, start, &noise);
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: Inode = Inode(0);

    fn create() -> Op {
        Op::Create { name: "a".into(), inode: FILE }
    }

    fn write(offset: usize, bytes: Vec<u8>) -> Op {
        Op::Change { inode: FILE, change: Change::Write { offset, bytes } }
    }

    /// The content of `a` under each of many seeds, without repetition.
    fn outcomes(ops: &[Op]) -> Vec<Option<Vec<u8>>> {
        let disk = Disk::after(ops);
        let mut seen: Vec<_> = (0..200)
            .map(|seed| disk.survivors(Overwrite::Safe, &mut Luck::of(seed, 0)).remove("a"))
            .collect();
        seen.sort();
        seen.dedup();
        seen
    }

    #[test]
    fn what_was_synced_stays_as_it_is() {
        let ops = [create(), write(0, vec![7; 600]), Op::Sync { inode: FILE }, Op::SyncFolder];
        assert_eq!(outcomes(&ops), [Some(vec![7; 600])]);
    }

    #[test]
    fn a_synced_file_may_still_have_no_name() {
        let ops = [create(), write(0, vec![7]), Op::Sync { inode: FILE }];
        assert_eq!(outcomes(&ops), [None, Some(vec![7])]);
    }

    #[test]
    fn a_deletion_counts_once_the_folder_is_synced() {
        let mut ops = vec![create(), Op::SyncFolder, Op::Delete { name: "a".into() }];
        assert_eq!(outcomes(&ops), [None, Some(vec![])]);
        ops.push(Op::SyncFolder);
        assert_eq!(outcomes(&ops), [None]);
    }

    #[test]
    fn a_write_is_there_missing_or_torn_at_a_sector() {
        let ops = [create(), Op::SyncFolder, write(500, vec![7; 20])];
        let (front, back) = ([vec![0; 500], vec![7; 12]].concat(), [vec![0; 512], vec![7; 8]].concat());
        let whole = [vec![0; 500], vec![7; 20]].concat();
        assert_eq!(outcomes(&ops), [Some(vec![]), Some(back), Some(front), Some(whole)]);
    }

    #[test]
    fn later_writes_may_overtake_earlier_ones() {
        let ops = [create(), Op::SyncFolder, write(0, vec![1]), write(0, vec![2])];
        assert_eq!(outcomes(&ops), [Some(vec![]), Some(vec![1]), Some(vec![2])]);
    }

    #[test]
    fn an_unsafe_overwrite_spoils_synced_neighbours_in_its_sector_only() {
        let ops =
            [create(), write(0, vec![7; 1024]), Op::Sync { inode: FILE }, Op::SyncFolder, write(0, vec![8])];
        let disk = Disk::after(&ops);
        let image =
            |seed| disk.survivors(Overwrite::Unsafe, &mut Luck::of(seed, 0)).remove("a").expect("durable");
        assert!((0..50).any(|seed| image(seed)[1..512] != [7; 511]));
        assert!((0..50).all(|seed| image(seed)[512..] == [7; 512]));
    }
}
