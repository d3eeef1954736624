//! Power fails at every point of a history of commits, and whatever was not synced is missing or torn: what was
//! answered is there, in order and without a gap.

use mainspring_store::{Store, StoreOptions};
use mainspring_testkit::power_loss::Recorder;

use crate::notebook::{key, open, send};

/// How many histories of torn writes are tried at each cut.
const SEEDS: u64 = 3;

#[test]
fn what_was_answered_survives_power_loss_at_every_point() {
    let recorder = Recorder::install("store-power-loss");
    let folder = tempfile::tempdir().expect("a folder");
    let layer = StoreOptions { file_layer: Some(recorder.name().to_owned()) };
    let writer = open(folder.path(), layer);
    let queue = writer.queue();
    for batch in 0..12 {
        let answers: Vec<_> = (0..3).map(|run| send(&queue, run, &"x".repeat(300 * batch))).collect();
        for (run, answer) in answers.into_iter().enumerate() {
            let seq = answer.recv().expect("answered").expect("written");
            recorder.mark(format!("{run} {seq}"));
        }
    }
    writer.finish();

    let every = if std::env::var_os("MAINSPRING_FULL").is_some() { 1 } else { 3 };
    for cut in (0..recorder.cuts()).step_by(every) {
        for seed in 0..SEEDS {
            check(&recorder, cut, seed);
        }
    }
}

fn check(recorder: &Recorder, cut: usize, seed: u64) {
    let at = || format!("cut {cut} (after {}), seed {seed}", recorder.operation_before(cut));
    let image = tempfile::tempdir().expect("a folder");
    recorder.image_at(cut, seed, image.path()).expect("the image is written");
    let path = image.path().join("mainspring.db");
    let acknowledged = recorder.marks_at(cut);
    let store = Store::open(&path, StoreOptions::default())
        .unwrap_or_else(|error| panic!("{}: {error}: {:?}", at(), std::error::Error::source(&error)));
    let readers = store.readers(1).expect("reads");
    for run in 0..3_u128 {
        let seqs: Vec<u64> =
            readers.entries(&key(run), 0, 100).expect("reads").iter().map(|entry| entry.seq).collect();
        assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>(), "{}: a gap", at());
        let promised = acknowledged
            .iter()
            .filter_map(|mark| mark.strip_prefix(&format!("{run} "))?.parse::<u64>().ok())
            .max()
            .unwrap_or(0);
        assert!(seqs.len() as u64 >= promised, "{}: run {run} lost an answered entry", at());
    }
}
