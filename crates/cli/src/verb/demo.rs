//! `mainspring demo`: shows in under a minute that an agent survives the death of everything without paying twice.
//!
//! ```text
//!  a server starts -> the agent asks its model, uses its tool -> in its second tool call: kill -9 of server and agent
//!                  -> a server starts again -> the agent begins anew, its calls answered from the journal
//!                  -> every claim is checked -> what was kept, and what was not
//! ```

mod canvas;
mod ledger;
mod processes;
mod proof;
mod reel;
mod scene;
mod stage;
mod teller;

use std::{process::ExitCode, time::Duration};

use mainspring_types::{Code, Problem};
use tokio::{signal::unix::SignalKind, time::timeout};

use self::{proof::Proof, scene::Scene, stage::Stage, teller::Teller};
use crate::{
    Outcome,
    context::Context,
    failure::Failure,
    follow::INTERRUPTED,
    listen_for,
    output::{Format, Output},
};

/// See an agent survive kill -9 of everything, in under a minute
///
/// Needs no key and no network, only python3: the model is a script. Everything happens in a throw-away folder, and nothing is left behind.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {}

/// Well over what a slow machine needs; a demo that hangs would prove the contrary.
const OVER_WITHIN: Duration = Duration::from_mins(2);

pub(crate) async fn run(Args {}: &Args, context: &Context) -> Outcome {
    let mut terminate = listen_for(SignalKind::terminate())?;
    let mut interrupt = listen_for(SignalKind::interrupt())?;
    // The stage is dropped on every way out of here, and clears itself away.
    tokio::select! {
        played = timeout(OVER_WITHIN, play(&context.output)) => match played {
            Ok(played) => played.map(|()| ExitCode::SUCCESS),
            Err(_) => Err(stuck().into()),
        },
        _ = interrupt.recv() => Ok(ExitCode::from(INTERRUPTED)),
        _ = terminate.recv() => Ok(ExitCode::from(INTERRUPTED)),
    }
}

async fn play(output: &Output) -> Result<(), Failure> {
    let mut stage = Stage::set()?;
    let teller = Teller::new(output);
    teller.prologue();
    let (client, server) = stage.start_server().await?;
    let run = client.create_run(&stage.request(), None).await?;
    teller.cast(&run, server, &stage.agent());

    let mut scene = Scene::open(client, &run, &stage, &teller);
    scene.watch_until_doomed().await?;
    let kill = stage.kill_everything().await;
    teller.killed(&mut scene, &kill).await;
    let (_, server) = stage.start_server().await?;
    teller.started_again(&mut scene, server);
    let run = scene.watch_to_the_end().await?;
    let effects = scene.effects().await?;
    stage.end_server().await?;

    let step = scene.took("gather").unwrap_or_default();
    let proof = Proof::of((run, effects), (&stage.ledger, &kill), step);
    proof.check()?;
    teller.epilogue(&proof);
    if output.format != Format::Table {
        output.show(&proof, |_| String::new())?;
    }
    Ok(())
}

fn stuck() -> Problem {
    Problem::new(Code::ExecutionTimeout, "the demo did not come to its end in two minutes")
        .suggest("see what this machine lacks with `mainspring doctor`")
}
