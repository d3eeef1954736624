//! Tells the story around the run: what is about to happen, what happened, and what to try next.

use std::{
    io::{self, Write},
    path::Path,
    time::Duration,
};

use mainspring_api::run::RunView;
use tokio::time::sleep;

use super::{
    canvas::Canvas,
    proof::{Kill, Proof},
    scene::{DOOMED, Scene},
};
use crate::output::{self, Format, Output, Palette, Surface, Tone};

const PROLOGUE: &str = "\
A Python agent asks a model which of two rivers is longer; the model looks both
up with the agent's tool. The agent is an ordinary program that knows nothing of
Mainspring. In its second tool call everything is killed with SIGKILL, server
and all: nobody gets a chance to tidy up.";

const NEXT: [(&str, &str); 3] = [
    ("export OPENAI_API_KEY=...", "or another: docs/models.md"),
    ("mainspring run ./agent.py 'a prompt'", "your own agent, as durable"),
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
    pub(super) fn cast(&self, run: &RunView, server: u32, agent: &Path) {
        let facts = [
            ("agent", format!("{}/agent.py", agent.display())),
            ("model", "a script that speaks for gpt-4.1: no key, no network".to_owned()),
            ("server", format!("process {server}")),
            ("run", run.run_id.to_string()),
        ];
        let lines =
            facts.map(|(name, value)| format!("  {} {value}\n", self.palette.dim(&format!("{name:<7}"))));
        self.say(&format!("{}\n", lines.concat()));
    }

    /// Where the run is shown.
    pub(super) fn canvas(&self) -> Canvas {
        let stream: Box<dyn Write + Send> = match self.stream {
            Stream::Out => Box::new(io::stdout()),
            Stream::Err => Box::new(io::stderr()),
        };
        Canvas::new(stream, self.surface)
    }

    /// What was killed, and what the ledger says.
    pub(super) async fn killed(&self, scene: &mut Scene, kill: &Kill) {
        let palette = self.palette;
        let mut lines = vec![
            String::new(),
            palette.paint(Tone::Bad, "In the middle of its second tool call, everything is killed:"),
        ];
        lines.extend(kill.processes.iter().map(|process| {
            let order = palette.paint(Tone::Bad, &format!("kill -9 {:<8}", process.pid));
            format!("  {order} {}", palette.dim(&process.command))
        }));
        let all = kill.processes.len();
        let gone = kill.gone;
        lines.push(format!("  {gone} of {all} processes are gone. The ledger: {DOOMED} begun, not done."));
        scene.cut(&lines);
        if self.surface.is_terminal() {
            sleep(BEAT).await;
        }
    }

    /// That there is a server again.
    pub(super) fn started_again(&self, scene: &mut Scene, server: u32) {
        let lines = [
            format!("A server starts again on the same folder, as process {server}. It starts the agent"),
            "from its beginning; what stands in the journal is not asked and not done again:".to_owned(),
        ];
        let lines = lines.map(|line| self.palette.paint(Tone::Good, &line));
        scene.say(&[&[String::new()], &lines[..], &[String::new()]].concat());
    }

    /// What was proved, and what to try next.
    pub(super) fn epilogue(&self, proof: &Proof) {
        let next = NEXT.map(|(command, why)| format!("  {command:<37} {}\n", self.palette.dim(why)));
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
