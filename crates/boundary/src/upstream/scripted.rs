//! A script in place of a model, played in this process.

use std::{collections::VecDeque, fs, path::Path};

use bytes::Bytes;
use hyper::{HeaderMap, header::HeaderName};
use mainspring_scripted::{Ending, Ids, Piece, Script, State, Wanted};
use mainspring_types::{Code, Problem, Timestamp};
use tokio::time::sleep;

use super::{Broken, Incoming, Outgoing, Pieces};

/// A script and what it has answered so far.
pub(crate) struct Scripted {
    script: Script,
    state: State,
}

/// An answer that is being played.
pub(crate) struct Playing {
    pieces: VecDeque<Piece>,
    ending: Ending,
}

impl Scripted {
    pub(super) fn open(path: &Path) -> Result<Self, Problem> {
        let text = fs::read_to_string(path).map_err(|error| {
            Problem::new(Code::InvalidConfiguration, format!("read the script `{}`", path.display()))
                .because(&error)
                .suggest("name a file that can be read in `script`, relative to config.toml")
        })?;
        let script = Script::parse(&text, &path.display().to_string())?;
        // Counted ids would be the same for every server on this machine, and ids tell calls apart.
        let ids = Ids::Seeded(mainspring_types::nonce());
        Ok(Self { script, state: State::new(ids) })
    }

    pub(super) async fn send(&self, provider: &str, outgoing: &Outgoing) -> Result<Incoming, Broken> {
        let headers: Vec<(&str, &str)> = outgoing
            .headers
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
            .collect();
        let wanted = Wanted {
            method: outgoing.method.as_str(),
            path: &outgoing.path,
            headers: &headers,
            body: &outgoing.body,
            now: Timestamp::now(),
        };
        let reply = self.script.answer(&self.state, &wanted);
        let mut playing = Playing { pieces: reply.pieces.into(), ending: reply.ending };
        // The head goes out with the first piece.
        if let Some(first) = playing.pieces.front_mut() {
            sleep(std::mem::take(&mut first.wait)).await;
        } else {
            playing.end(provider).await?;
        }
        let headers = reply.headers.iter().filter_map(|(name, value)| {
            Some((HeaderName::from_bytes(name.as_bytes()).ok()?, value.parse().ok()?))
        });
        let headers: HeaderMap = headers.collect();
        Ok(Incoming { status: reply.status, headers, body: Pieces::Scripted(playing) })
    }
}

impl Playing {
    pub(super) async fn next(&mut self, provider: &str) -> Result<Option<Bytes>, Broken> {
        let Some(piece) = self.pieces.pop_front() else {
            self.end(provider).await?;
            return Ok(None);
        };
        if !piece.wait.is_zero() {
            sleep(piece.wait).await;
        }
        Ok(Some(piece.bytes))
    }

    async fn end(&self, provider: &str) -> Result<(), Broken> {
        match self.ending {
            Ending::Clean => Ok(()),
            Ending::Reset => {
                Err(Broken::Cut { provider: provider.to_owned(), detail: "as the script says".into() })
            }
            Ending::Hang => std::future::pending().await,
        }
    }
}
