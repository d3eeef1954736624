//! What has to hold of the server at every moment: its tables, its memory, its desk, and what it lets go.

use std::collections::BTreeSet;

use mainspring_core::{Phase, Run};
use mainspring_store::{Due, Owed, RunKey};

use super::{
    around::{Around, Told},
    disk::{Disk, Row},
    mail::{About, Mail, Said},
    mishap::Mishap,
    record::{Creation, Record, Slot},
    server::Server,
};
use crate::{Assignment, Refused, projection};

/// A law that did not hold.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) law: &'static str,
    pub(super) detail: String,
}

pub(super) type Lawful<T = ()> = Result<T, Broken>;

pub(super) fn demand(holds: bool, law: &'static str, detail: impl FnOnce() -> String) -> Lawful {
    if holds { Ok(()) } else { Err(Broken { law, detail: detail() }) }
}

/// Answers, dispatches and news wait for the commit of what they tell.
pub(super) fn nothing_leaves_before_it_is_durable(around: &Around, mail: &mut Mail) -> Lawful {
    let early = mail.answered_early().or_else(|| around.told.early.first().map(ToString::to_string));
    demand(early.is_none(), "nothing leaves before it is durable", || early.clone().unwrap_or_default())
}

/// The store refuses nothing by itself: a statement it refuses is a bug of ours.
pub(super) fn only_a_mishap_is_answered_with_a_fault(mishap: Mishap, about: &About, said: &Said) -> Lawful {
    let fault = matches!(said, Said::Refused(Refused::Fault(_)));
    demand(!fault || mishap != Mishap::None, "only a mishap is answered with a fault", || {
        format!("{about:?} was answered {said:?}")
    })
}

/// The tables that a restart reads say what the journals say.
pub(super) fn the_tables_are_the_fold(disk: &mut Disk, record: &Record) -> Lawful {
    let (owed, timers) = disk.owed();
    the_outbox_is_the_live_attempts(&owed, record)?;
    the_timers_are_the_armed_ones(&timers, record, "the timers on disk are those the runs have armed")?;
    for (key, (creation, shadow)) in &record.runs {
        the_row_is_how_the_run_stands(key, creation, shadow.run.as_ref(), disk.row(key).as_ref())?;
    }
    Ok(())
}

fn the_outbox_is_the_live_attempts(owed: &[Owed], record: &Record) -> Lawful {
    let rows: BTreeSet<Slot> =
        owed.iter().map(|owed| (owed.key.clone(), owed.step.clone(), owed.attempt)).collect();
    let live = live(record);
    demand(rows == live && rows.len() == owed.len(), "the outbox is the live attempts", || {
        format!("outbox {rows:?}, live {live:?}")
    })
}

fn the_timers_are_the_armed_ones(timers: &[Due], record: &Record, law: &'static str) -> Lawful {
    let found: BTreeSet<Due> = timers.iter().cloned().collect();
    let armed = |(key, run): (&RunKey, &Run)| {
        let key = key.clone();
        let due = move |(timer, at)| Due { at, key: key.clone(), timer };
        run.timers.clone().into_iter().map(due)
    };
    let armed: BTreeSet<Due> = record.existing().flat_map(armed).collect();
    demand(found == armed, law, || format!("found {found:?}, armed {armed:?}"))
}

fn the_row_is_how_the_run_stands(
    key: &RunKey,
    creation: &Creation,
    run: Option<&Run>,
    found: Option<&Row>,
) -> Lawful {
    let stands = run.map(|run| projection::of(run, creation.method.as_deref())).map(|is| Row {
        status: is.status.to_owned(),
        reason: is.reason,
        method: is.method,
        created_at: is.created_at,
        ended_at: is.ended_at,
    });
    demand(found == stands.as_ref(), "the row is how the run stands", || {
        format!("{}: row {found:?}, stands {stands:?}", key.run)
    })
}

/// What the driver remembers, and what lies around it, follow from what is durable.
pub(super) fn the_server_remembers_what_is_durable(server: &mut Server, record: &Record) -> Lawful {
    for (key, (_, shadow)) in &record.runs {
        let resident = server.driver.resident(key);
        let same = resident.is_none_or(|resident| Some(resident) == shadow.run.as_ref());
        demand(same, "a run in memory is the fold of its journal", || {
            format!("{}: in memory {resident:?}, on disk {:?}", key.run, shadow.run)
        })?;
    }
    let armed: Vec<Due> = server.driver.armed().cloned().collect();
    the_timers_are_the_armed_ones(&armed, record, "the driver waits for the timers the runs have armed")
}

/// Every live attempt is queued or held, but for those that were aborted before they began.
pub(super) fn the_desk_has_the_live_attempts(
    around: &Around,
    record: &Record,
    unbegun: &BTreeSet<Slot>,
) -> Lawful {
    let desk: BTreeSet<Slot> = around.desk.slots().into_iter().collect();
    let live = live(record);
    let sound = desk.is_subset(&live) && live.difference(&desk).all(|slot| unbegun.contains(slot));
    demand(sound, "the desk has the live attempts", || {
        format!("desk {desk:?}, live {live:?}, aborted before they began {unbegun:?}")
    })
}

fn live(record: &Record) -> BTreeSet<Slot> {
    let of = |(key, run): (&RunKey, &Run)| {
        let slots = run.live().map(|(id, step)| (key.clone(), id.clone(), step.attempt));
        slots.collect::<Vec<_>>()
    };
    record.existing().flat_map(of).collect()
}

/// What was just let go is what the journals owe.
pub(super) fn what_is_let_go_is_owed(told: &Told, record: &Record) -> Lawful {
    for assignment in &told.dispatched {
        an_assignment_carries_what_the_plan_says(assignment, record)?;
    }
    for (key, (_, shadow)) in &record.runs {
        let heard = told.passing.get(key).map_or(&[][..], Vec::as_slice);
        demand(heard == shadow.passing, "ends of runs are told once", || {
            format!("{}: told {heard:?}, ordered {:?}", key.run, shadow.passing)
        })?;
    }
    for (key, seq) in &told.news {
        let head = record.shadow(key).seq;
        demand(*seq == head, "news are of the latest entry", || format!("{}: {seq} of {head}", key.run))?;
    }
    Ok(())
}

fn an_assignment_carries_what_the_plan_says(assignment: &Assignment, record: &Record) -> Lawful {
    let Assignment { key, step, attempt, agent, version, work, input, previous } = assignment;
    let (creation, shadow) = &record.runs[key];
    let planned = creation.created.plan.steps.iter().find(|planned| planned.id == *step);
    let before = planned.and_then(|planned| planned.after.last());
    let sent = before.and_then(|before| {
        let attempt = shadow.run.as_ref()?.steps[before].attempt;
        record.made.get(&(key.clone(), before.clone(), attempt))
    });
    let same = input.bytes() == creation.input.bytes()
        && *input == creation.input
        && previous.as_ref() == sent
        && previous.as_ref().map(mainspring_types::Value::bytes) == sent.map(mainspring_types::Value::bytes)
        && planned.is_some_and(|planned| planned.work == *work)
        && *version == creation.created.version
        && *agent == creation.created.agent;
    demand(same, "an assignment carries what the plan says", || {
        format!("{}: {step}/{attempt} got {assignment:?}, before it {sent:?}", key.run)
    })
}

/// Nothing is left to do anywhere once every run has ended.
pub(super) fn ended_runs_owe_nothing(server: &mut Server, record: &Record) -> Lawful {
    for (key, run) in record.existing() {
        let ended = matches!(run.phase, Phase::Ended(_)) && run.owed().is_empty();
        demand(ended, "in a healed world every run ends and owes nothing", || {
            format!("{}: {:?}, owes {:?}", key.run, run.phase, run.owed())
        })?;
    }
    let (owed, timers) = server.disk().owed();
    let resident = record.runs.keys().filter(|key| server.driver.resident(key).is_some()).count();
    demand(
        owed.is_empty() && timers.is_empty() && resident == 0,
        "when every run has ended, nothing is left in tables or memory",
        || format!("outbox {owed:?}, timers {timers:?}, {resident} in memory"),
    )
}

/// Reading every journal anew gives the runs that reading along gave.
pub(super) fn reading_twice_gives_the_same(server: &mut Server, record: &Record) -> Lawful {
    for (key, (_, shadow)) in &record.runs {
        let entries = server.disk().entries_after(key, 0);
        let lifecycle = entries.iter().filter(|entry| entry.kind == mainspring_store::EntryKind::Lifecycle);
        let events: Vec<mainspring_core::Event> = lifecycle
            .map(|entry| serde_json::from_str(&entry.envelope).expect("an event reads back"))
            .collect();
        let again = Run::from_log(&events);
        demand(again == shadow.run, "reading twice gives the same", || {
            format!("{}: {again:?}, read along {:?}", key.run, shadow.run)
        })?;
    }
    Ok(())
}
