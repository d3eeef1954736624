//! Asks a model through the gateway, as every agent does: over HTTP, with the attempt's token for a key.

use std::io;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    Request, Response,
    body::Incoming,
    client::conn::http1,
    header::{AUTHORIZATION, HOST},
};
use hyper_util::rt::TokioIo;
use mainspring_agent::ModelName;
use mainspring_api::worker::Boundary;
use mainspring_runtimes::default::{
    Broken, ModelAnswer, ModelRequest,
    wire::{self, Decoder, Family},
};
use mainspring_types::{Code, Problem};
use tokio::{net::TcpStream, time::sleep};

use super::deltas::Deltas;
use crate::link::Backoff;

/// The header by which one provider is asked for by its name.
const PROVIDER: &str = "x-mainspring-provider";

/// How often a connection is tried: for about a second and a half.
const CONNECTS_MAX: u32 = 6;

/// How much of a refusal is read.
const REFUSAL_MAX: usize = 1 << 20;

/// Where the models of one attempt are asked.
pub(super) struct Gateway {
    address: String,
    token: String,
    family: Family,
    /// The provider's name, where it is not that of its kind alone.
    provider: Option<String>,
}

impl Gateway {
    /// The gateway as the attempt was told of it, for the model of its agent.
    pub(super) fn of(boundary: Option<&Boundary>, model: &ModelName) -> Result<Self, Problem> {
        let boundary = boundary
            .ok_or_else(|| Problem::new(Code::NoProvider, "nothing here passes on what agents ask models"))?;
        let named = boundary.providers.get(&model.provider);
        let family = named.map_or(model.provider.as_str(), String::as_str);
        let served = named.is_some() || boundary.families.iter().any(|served| served == family);
        let family = Family::from_word(family).filter(|_| served);
        Ok(Self {
            address: boundary.url.trim_start_matches("http://").to_owned(),
            token: boundary.token.clone(),
            family: family.ok_or_else(|| unserved(boundary, model))?,
            provider: named.map(|_| model.provider.clone()),
        })
    }

    /// Asks, and reads the answer to its end.
    pub(super) async fn ask(
        &self,
        request: &ModelRequest,
        deltas: &mut Deltas,
    ) -> Result<ModelAnswer, Broken> {
        let response = self.send(request).await?;
        let status = response.status().as_u16();
        if status != 200 {
            let body = Limited::new(response.into_body(), REFUSAL_MAX).collect().await;
            let body = body.map(http_body_util::Collected::to_bytes).unwrap_or_default();
            return Err(wire::refusal(status, &body));
        }
        let mut body = response.into_body();
        let mut decoder = Decoder::new(self.family);
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else { break };
            if let Ok(bytes) = frame.into_data() {
                decoder.feed(&bytes).into_iter().for_each(|delta| deltas.push(delta));
            }
        }
        deltas.flush();
        decoder.finish()
    }

    /// Connects; tries for a moment, since nothing was asked yet.
    async fn connect(&self) -> io::Result<TcpStream> {
        let mut backoff = Backoff::new();
        for _ in 1..CONNECTS_MAX {
            match TcpStream::connect(&self.address).await {
                Err(error) => {
                    tracing::debug!(%error, "the gateway was not reached");
                    sleep(backoff.next()).await;
                }
                connected => return connected,
            }
        }
        TcpStream::connect(&self.address).await
    }

    /// Sends the request; one that breaks off on its way is as an answer that does.
    async fn send(&self, request: &ModelRequest) -> Result<Response<Incoming>, Broken> {
        let outgoing = wire::encode(self.family, request);
        let mut built = Request::post(outgoing.path)
            .header(HOST, &self.address)
            .header(AUTHORIZATION, format!("Bearer {}", self.token));
        for (name, value) in outgoing.headers {
            built = built.header(name, value);
        }
        if let Some(provider) = &self.provider {
            built = built.header(PROVIDER, provider);
        }
        let request =
            built.body(Full::new(Bytes::from(outgoing.body))).expect("a path, an address and a token");
        let stream = self.connect().await.map_err(|error| unreached(&self.address, &error))?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|_| Broken::Truncated)?;
        // It ends with the answer, or when nobody reads that any more: the gateway then sees a hang-up.
        tokio::spawn(async move { drop(connection.await) });
        sender.send_request(request).await.map_err(|_| Broken::Truncated)
    }
}

fn unreached(address: &str, error: &io::Error) -> Broken {
    Broken::Refused {
        status: 503,
        code: Some(Code::Unreachable.as_str().to_owned()),
        message: format!("the gateway at {address} cannot be reached: {error}"),
    }
}

fn unserved(boundary: &Boundary, model: &ModelName) -> Problem {
    let name = &model.provider;
    let known: Vec<&str> = boundary.providers.keys().map(String::as_str).collect();
    let problem =
        Problem::new(Code::NoProvider, format!("no provider `{name}` is set up for the model `{model}`"));
    match known.as_slice() {
        [] => problem.suggest(format!(
            "set its key, such as {}_API_KEY, where `mainspring` is started, or add [providers.{name}] to config.toml",
            name.to_uppercase()
        )),
        known => problem.suggest(format!(
            "there are: {}; set its key, such as {}_API_KEY, where `mainspring` is started, or add it to config.toml",
            known.join(", "),
            name.to_uppercase()
        )),
    }
}
