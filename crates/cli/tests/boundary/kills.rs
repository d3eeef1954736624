//! Agents are killed with SIGKILL, alone, with their server or by the death of it: finished model calls are answered
//! from the journal, and the run completes with the right answer.

use std::{
    env, fmt,
    io::{self, Write as _},
    ops::AddAssign,
    thread,
    time::Duration,
};

use mainspring_api::{client::Client, run::RunStatus};
use mainspring_testkit::{clients, or_skip, processes::kill9_marked};
use mainspring_types::RunId;
use tokio::runtime::Runtime;

use crate::{
    harness::{Server, ended},
    paid,
    scene::{Agent, Scene, Sum, effects},
};

const PLAIN: Agent = Agent::program("plain.py");
const CLIENTS: [Agent; 4] = [
    Agent::program("openai_chat.py"),
    Agent::program("openai_responses.py"),
    Agent::program("anthropic_messages.py"),
    Agent::program("google_genai.py"),
];

/// From a call's arrival upstream to the end of the work on its answer, with time to spare: the model takes 120 ms, and
/// tools 300 ms.
const KILL_AFTER_MAX: Duration = Duration::from_millis(380);

/// How often a point is tried again that came too late, because the machine was busy.
const TOO_LATE_MAX: usize = 5;

/// Who is killed.
#[derive(Clone, Copy, Debug)]
enum Victim {
    Agent,
    Server,
    Both,
}

const VICTIMS: [Victim; 3] = [Victim::Agent, Victim::Server, Victim::Both];

/// When who is killed.
#[derive(Clone, Copy, Debug)]
struct Point {
    victim: Victim,
    /// After so many calls came upstream.
    calls: usize,
    /// And this later.
    delay: Duration,
}

/// Points for each victim: a sample, or all of them.
fn points(sample: usize) -> usize {
    if env::var_os("MAINSPRING_FULL").is_some() { 20 } else { sample }
}

#[test]
fn a_program_without_a_framework() {
    let mut play = Play::new(Scene::new(), 4);
    for victim in VICTIMS {
        play.all(&PLAIN, victim, points(3));
    }
}

#[test]
fn a_package() {
    let mut play = Play::new(Scene::new(), 5);
    for victim in VICTIMS {
        play.all(&Agent::SUMS, victim, points(3));
    }
}

#[test]
fn programs_with_the_providers_own_clients() {
    let test = "programs_with_the_providers_own_clients";
    let Some(installers) = or_skip(test, clients::installers()) else { return };
    let mut play = Play::new(Scene::with_packages(installers), 6);
    for (agent, victim) in CLIENTS.iter().zip(VICTIMS.into_iter().cycle()) {
        match env::var_os("MAINSPRING_FULL") {
            Some(_) => VICTIMS.into_iter().for_each(|victim| play.all(agent, victim, points(1))),
            None => play.all(agent, victim, 1),
        }
    }
}

/// What came of points.
#[derive(Clone, Copy, Default)]
struct Tally {
    points: usize,
    calls: usize,
    replayed: usize,
    sent_again: usize,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.points += other.points;
        self.calls += other.calls;
        self.replayed += other.replayed;
        self.sent_again += other.sent_again;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { points, calls, replayed, sent_again } = self;
        write!(f, "{points} points, {calls} calls, {replayed} answered again from the journal, ")?;
        write!(f, "{sent_again} sent again as unknown")
    }
}

/// One server after the other over one data folder, and a run for each point.
struct Play {
    scene: Scene,
    server: Option<Server>,
    client: Client,
    runtime: Runtime,
    luck: Luck,
    runs: u32,
}

impl Play {
    fn new(scene: Scene, seed: u64) -> Self {
        let server = Some(scene.serve());
        let client = scene.stage.client();
        Self { scene, server, client, runtime: Runtime::new().expect("starts"), luck: Luck(seed), runs: 0 }
    }

    /// So many points of the agent, in its second piece of work where it has one, or around it.
    fn all(&mut self, agent: &Agent, victim: Victim, points: usize) {
        let mut tally = Tally::default();
        for number in 0..points {
            let calls = if number == 0 { agent.calls - 1 } else { self.luck.within(1, agent.calls - 1) };
            let point = Point { victim, calls, delay: self.luck.time(KILL_AFTER_MAX) };
            let in_time = (0..TOO_LATE_MAX).find_map(|_| self.one(agent, point));
            tally += in_time.unwrap_or_else(|| panic!("{} was over before {point:?} each time", agent.file));
        }
        // Past the capture of the tests' output: the figures are the result.
        let _ = writeln!(io::stderr(), "{}, {victim:?} killed: {tally}", agent.file);
    }

    /// One run with one point; none when its end came before the point.
    fn one(&mut self, agent: &Agent, point: Point) -> Option<Tally> {
        self.runs += 1;
        let sum = Sum(self.runs, 20, 22);
        let run = self.runtime.block_on(self.scene.start(&self.client, agent, &sum));
        self.scene.wait_for_calls(&sum, point.calls);
        thread::sleep(point.delay);
        self.kill(point.victim, run);
        let run = self.runtime.block_on(ended(&self.client, run));
        assert_eq!((run.status, run.error.as_ref()), (RunStatus::Completed, None), "{point:?} {run:#?}");
        assert_eq!(run.result, Some(agent.answer(&sum)), "{point:?}");
        let effects = self.runtime.block_on(effects(&self.client, &run));
        let deaths = usize::from(!matches!(point.victim, Victim::Agent));
        let sent_again = paid::check(agent, &run, &effects, &self.scene.asked(&sum), deaths);
        // The server may see its agent die and begin another attempt before it dies itself.
        let attempts_max = if matches!(point.victim, Victim::Both) { 3 } else { 2 };
        assert!(run.attempts <= attempts_max, "{point:?} {run:#?}");
        let replayed = effects.iter().map(|effect| effect.replays as usize).sum();
        (run.attempts > 1).then_some(Tally { points: 1, calls: agent.calls, replayed, sent_again })
    }

    fn kill(&mut self, victim: Victim, run: RunId) {
        // How the token of its first attempt begins, which all its processes have in their environment.
        let agent = format!("ms-{run}-1-");
        match victim {
            Victim::Agent => drop(kill9_marked(&agent)),
            Victim::Server => self.kill_server(),
            Victim::Both => {
                kill9_marked(&agent);
                self.kill_server();
            }
        }
    }

    fn kill_server(&mut self) {
        self.server.take().expect("it is started again after each kill").kill9();
        self.server = Some(self.scene.serve());
    }
}

impl Drop for Play {
    fn drop(&mut self) {
        if !thread::panicking() {
            let server = self.server.take().expect("it is started again after each kill");
            assert!(server.terminate().success());
            self.scene.stage.assert_nothing_left();
        }
    }
}

/// Numbers that look random and are the same every time (splitmix64).
struct Luck(u64);

impl Luck {
    fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// One of `least` to `most`.
    fn within(&mut self, least: usize, most: usize) -> usize {
        least + usize::try_from(self.number() % (most - least + 1) as u64).expect("a small number")
    }

    fn time(&mut self, max: Duration) -> Duration {
        let micros = u64::try_from(max.as_micros()).expect("short");
        Duration::from_micros(self.number() % (micros + 1))
    }
}
