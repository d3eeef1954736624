//! The tool `web_fetch`: one page as text.
//!
//! The page comes from a public address, or from a place that the owner of the server allows ([`Reach`]), and from a host
//! that the run may ask; every redirect is held to both again. Whether the run may fetch at all was decided before.
//! Nothing is kept between calls, and nothing but the URL is told to the server.

mod address;
mod connect;
mod fetch;
mod html;
mod page;
mod reach;
mod refusal;
mod target;

use std::time::Duration;

use mainspring_agent::Glob;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::timeout;

pub use self::reach::{NoPlace, Place, Reach};
use self::{
    connect::{Machine, World},
    refusal::Broken,
    target::Target,
};
use crate::{Ended, Surroundings, fitting};

/// However long a call may take, a page that takes longer is not worth the wait.
const TIME_MAX: Duration = Duration::from_mins(1);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    url: String,
    #[serde(default = "max_chars")]
    max_chars: usize,
}

fn max_chars() -> usize {
    50_000
}

/// What every hop of a fetch is held to.
#[derive(Clone, Copy, Debug)]
struct Rules<'a> {
    reach: &'a Reach,
    hosts: Option<&'a [Glob]>,
}

/// Fetches the page that the arguments name.
pub async fn run(arguments: &Value, at: &Surroundings<'_>) -> Ended {
    let rules = Rules { reach: at.reach, hosts: at.hosts };
    match fitting("web_fetch", arguments, "`url` and, if you like, `max_chars`") {
        Ok(arguments) => ended(read(&Machine, arguments, &rules, at.timeout.min(TIME_MAX)).await),
        Err(complaint) => complaint,
    }
}

async fn read(
    world: &impl World,
    arguments: Arguments,
    rules: &Rules<'_>,
    time: Duration,
) -> Result<String, Broken> {
    let target = Target::parse(&arguments.url, rules)?;
    let page = timeout(time, fetch::fetch(world, target, rules))
        .await
        .map_err(|_| Broken::Slow { url: arguments.url, seconds: time.as_secs() })??;
    // A page of megabytes takes a moment to read, which is none of the network's time.
    let text =
        tokio::task::spawn_blocking(move || (page.status < 400, page::told(&page, arguments.max_chars)));
    match text.await.expect("reading a page does not panic") {
        (true, text) => Ok(text),
        (false, text) => Err(Broken::Complaint { text }),
    }
}

/// A page was only read: whatever failed changed nothing.
fn ended(result: Result<String, Broken>) -> Ended {
    match result {
        Ok(text) => Ended::Returned { text, error: false },
        Err(refused @ (Broken::Refused(_) | Broken::Complaint { .. })) => {
            Ended::Returned { text: refused.to_string(), error: true }
        }
        Err(failed) => Ended::Failed { message: failed.to_string() },
    }
}
