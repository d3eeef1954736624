//! Tells the story around the run: what is about to happen, what happened, and what to try next.

use std::{
    io::{self, Write},
    path::Path,
    time::Duration,
};

use mainspring_api::run::RunView;
use tokio::time::sleep;

use super::{
    proof::{Kill, Proof},
    scene::Scene,
};
use crate::{
    follow::{Lines, View},
    output::{self, Format, Output, Palette, Surface, Tone},
};

const PROLOGUE: &str = "\
An agent of five steps runs on a server of its own. Each step takes a second,
and notes in a ledger when it begins and when it is done. In the middle of
one, everything is killed with SIGKILL: nobody gets a chance to tidy up.";

const NEXT: [(&str, &str); 2] = [
    ("mainspring run ./agent.py 'a prompt'", "any Python program: durable"),
    ("mainspring serve", "runs for others, over HTTP"),
];

/// How long the reader has to look at what was killed.
const BEAT: Duration = Duration::from_millis(1200);

/// Says everything to one stream: standard output, or standard error when the first carries data.
pub(super) struct Teller {
    stream: Stream,
    surface: Surface,
    pub(super) palette: Palette,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stream {
    Out,
    Err,
}

impl Teller {
    pub(super) fn new(output: &Output) -> Self {
        match output.format {
            Format::Table => Self { stream: Stream::Out, surface: output.out, palette: output.palette },
            Format::Json | Format::Yaml => {
                Self { stream: Stream::Err, surface: output.err, palette: output.err_palette }
            }
        }
    }

    pub(super) fn prologue(&self) {
        self.say(&format!("{}\n\n{PROLOGUE}\n\n", self.palette.strong("mainspring demo")));
    }

    /// Who takes part.
    pub(super) fn cast(&self, run: &RunView, server: u32, root: &Path) {
        let facts = [
            ("server", format!("process {server}")),
            ("folder", root.display().to_string()),
            ("run", run.run_id.to_string()),
        ];
        let lines =
            facts.map(|(name, value)| format!("  {} {value}\n", self.palette.dim(&format!("{name:<7}"))));
        self.say(&format!("{}\n", lines.concat()));
    }

    /// The view in which the run is shown.
    pub(super) fn view(&self, run: &RunView) -> View<Box<dyn Write + Send>> {
        let stream: Box<dyn Write + Send> = match self.stream {
            Stream::Out => Box::new(io::stdout()),
            Stream::Err => Box::new(io::stderr()),
        };
        View::new(run, stream, self.surface, Lines::Steps, self.palette)
    }

    /// What was killed, and what the ledger says.
    pub(super) async fn killed(&self, scene: &mut Scene, kill: &Kill) {
        let (step, palette) = (&kill.step, self.palette);
        let mut lines = vec![
            String::new(),
            palette.paint(Tone::Bad, &format!("In the middle of `{step}`, everything is killed:")),
        ];
        lines.extend(kill.processes.iter().map(|process| {
            let order = palette.paint(Tone::Bad, &format!("kill -9 {:<8}", process.pid));
            format!("  {order} {}", palette.dim(&process.command))
        }));
        let all = kill.processes.len();
        lines.push(format!(
            "  {} of {all} processes are gone. The ledger says `{step} begun`, not `{step} done`.",
            kill.gone
        ));
        scene.view.close(&lines);
        if self.surface.is_terminal() {
            sleep(BEAT).await;
        }
    }

    /// That there is a server again.
    pub(super) fn started_again(&self, scene: &mut Scene, server: u32) {
        let line = format!("A server starts again on the same folder, as process {server}. The run goes on:");
        scene.view.close(&[String::new(), self.palette.paint(Tone::Good, &line)]);
    }

    /// What was proved, and what to try next.
    pub(super) fn epilogue(&self, proof: &Proof) {
        let next = NEXT.map(|(command, why)| format!("  {command:<38} {}\n", self.palette.dim(why)));
        let title = self.palette.strong("Try next");
        self.say(&format!("\n{}\n{title}\n{}", proof.render(self.palette), next.concat()));
    }

    fn say(&self, text: &str) {
        match self.stream {
            Stream::Out => output::print(text),
            Stream::Err => output::note(text),
        }
    }
}
