//! Opening a gateway, letting attempts in and out, and closing it.

use std::{collections::HashMap, sync::Arc, time::Duration};

use mainspring_store::{Blobs, Fault, RunKey, RunLimit, StoredBody, Submit};
use mainspring_types::{Hash, Problem, TenantId};
use secrecy::ExposeSecret as _;
use tokio::{sync::Notify, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Gateway, Shared, Warden, aloft::Aloft, attempts::Attempts};
use crate::{
    Divergence, Pass,
    budget::Rule,
    journal::{Book, Deliveries, Leftovers, LimitRun, PinBlob, Register, TakeOver, pack},
    price::Prices,
    provider::Provider,
    quota::Governor,
    route::Family,
    upstream::Upstream,
    work,
};

/// How long answers under way are waited for when the gateway closes.
const LANDING_MAX: Duration = Duration::from_secs(5);

/// Bodies larger than this, as they are kept, become blobs.
const INLINE_MAX: usize = 64 * 1024;

/// How long deliveries may wait to be written when nothing else is.
const FLUSH_EVERY: Duration = Duration::from_millis(200);

/// What a gateway needs.
pub struct Settings {
    /// Whom calls are passed on to, in the order in which they are tried.
    pub providers: Vec<Provider>,
    /// What tokens cost.
    pub prices: Prices,
    /// The limits of tenants, agents and all runs.
    pub rules: Vec<Rule>,
    /// How long is waited before the second try of a call.
    pub retry_wait: Duration,
    /// Where large answers are kept.
    pub blobs: Blobs,
    /// The writer.
    pub submit: Submit,
    /// Who knows the attempts.
    pub warden: Arc<dyn Warden>,
}

/// How an attempt left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Parting {
    /// By itself, or by dying: answers under way are read to their end.
    ByItself,
    /// It was told to end: answers under way are left where nobody listens.
    AsTold,
}

impl Gateway {
    /// Opens the gateway. What a former one had in flight is from now on unknown.
    pub async fn open(settings: Settings) -> Result<Self, Problem> {
        let Settings { providers, prices, rules, retry_wait, blobs, submit, warden } = settings;
        let opened = providers.into_iter().map(|provider| {
            let upstream = Upstream::open(&provider)?;
            Ok((provider, upstream))
        });
        let owner = mainspring_types::EffectId::generate().as_u128();
        let deliveries = Deliveries::default();
        let ledger = Register { book: Arc::new(Book::new(rules)), deliveries, owner };
        let shared = Shared {
            providers: opened.collect::<Result<_, Problem>>()?,
            prices,
            ledger,
            governor: Governor::new(),
            submit,
            blobs,
            warden,
            retry_wait,
            attempts: Attempts::default(),
            flights: std::sync::Mutex::new(HashMap::new()),
            flying: TaskTracker::new(),
            closing: CancellationToken::new(),
            aloft: Aloft::default(),
            relief: Notify::new(),
        };
        let gateway = Self { shared: Arc::new(shared) };
        let take_over = TakeOver { ledger: gateway.shared.ledger.clone() };
        work::ask(gateway.submit(), take_over).await.map_err(|fault| fault.to_problem())?;
        Ok(gateway)
    }

    /// The kinds of provider that calls are passed on to.
    pub fn families(&self) -> Vec<Family> {
        let speaks =
            |family: &Family| self.shared.providers.iter().any(|(provider, _)| provider.speaks(*family));
        Family::ALL.into_iter().filter(speaks).collect()
    }

    /// The providers by name, each with the kind in whose terms it is asked.
    pub fn providers(&self) -> impl Iterator<Item = (&str, Family)> {
        let spoken = |provider: &Provider| Family::ALL.into_iter().find(|family| provider.speaks(*family));
        self.shared
            .providers
            .iter()
            .filter_map(move |(provider, _)| Some((provider.name.as_str(), spoken(provider)?)))
    }

    /// Lets an attempt call out; gives the token that it shows in place of a key.
    pub fn admit(&self, pass: Pass) -> String {
        self.shared.attempts.admit(pass)
    }

    /// The attempt did its work: what it was not asked for of what earlier ones recorded is told in the run's journal.
    /// Nobody waits for it; what is sent to the writer afterwards comes after it.
    pub fn sum_up(&self, nonce: u64) {
        if let Some(pass) = self.shared.attempts.get(nonce).filter(|pass| pass.attempt.0 > 1) {
            // A writer that has stopped records the end of the attempt neither.
            let _ = work::tell(&self.shared.submit, Leftovers { pass });
        }
    }

    /// The attempt is over: its token opens nothing any more.
    pub fn release(&self, nonce: u64, parting: Parting) {
        self.shared.attempts.release(nonce);
        if parting == Parting::AsTold {
            // The hang-up may be noticed only now, when nobody remembers that the attempt was told to end.
            let flights = self.shared.flights();
            flights.values().filter(|flight| flight.pass().nonce == nonce).for_each(|flight| flight.disown());
        }
    }

    /// Gives a run limits of its own, in place of earlier ones on the same meters; what they held back looks again.
    pub async fn limit(&self, key: RunKey, limits: Vec<RunLimit>) -> Result<(), Fault> {
        limit(&self.shared.submit, key, limits).await?;
        self.shared.relief.notify_waiters();
        Ok(())
    }

    /// Decides what happens when the run's live attempts leave the recorded path; says whether there are any.
    pub fn steer(&self, key: &RunKey, divergence: Divergence) -> bool {
        let steered = self.shared.attempts.steer(key, divergence);
        self.shared.relief.notify_waiters();
        steered
    }

    /// Writes what nobody waits for, for as long as the gateway lives.
    pub async fn keep_house(&self) {
        loop {
            tokio::time::sleep(FLUSH_EVERY).await;
            let deliveries = &self.shared.ledger.deliveries;
            if !deliveries.is_empty() && work::tell(&self.shared.submit, deliveries.flush()).is_err() {
                return;
            }
        }
    }

    /// Waits for the answers under way, for a while. Those that do not come are unknown to the next gateway.
    pub async fn close(&self) {
        self.shared.closing.cancel();
        self.shared.flying.close();
        if timeout(LANDING_MAX, self.shared.flying.wait()).await.is_err() {
            let flying = self.shared.flights().len();
            tracing::warn!(flying, "answers under way were not waited for any longer");
        }
        let deliveries = &self.shared.ledger.deliveries;
        if !deliveries.is_empty() {
            let _ = work::tell(&self.shared.submit, deliveries.flush());
        }
    }

    /// The writer.
    pub(crate) fn submit(&self) -> &Submit {
        &self.shared.submit
    }

    /// What every unit of this gateway shares.
    pub(crate) fn ledger(&self) -> &Register {
        &self.shared.ledger
    }

    /// A body as it is kept, durably.
    pub(crate) async fn keep(&self, tenant: &TenantId, body: &[u8]) -> StoredBody {
        self.shared.keep(tenant, body).await
    }

    /// A large body that was kept.
    pub(crate) async fn fetch(&self, tenant: &TenantId, hash: Hash) -> Result<Vec<u8>, Fault> {
        self.shared.blob(tenant, hash).await
    }
}

/// Gives a run limits of its own where no gateway is open: the next one goes by them.
pub async fn limit(submit: &Submit, key: RunKey, limits: Vec<RunLimit>) -> Result<(), Fault> {
    work::ask(submit, LimitRun { key, limits }).await
}

impl Shared {
    /// A body as it is kept: packed, and as a blob, durable once this returns, when it is large even so.
    pub(super) async fn keep(&self, tenant: &TenantId, body: &[u8]) -> StoredBody {
        let (packed, bytes) = pack(body);
        let size = body.len() as u64;
        if bytes.len() <= INLINE_MAX {
            return StoredBody { packed, size, bytes: Some(bytes.into_owned()), hash: None };
        }
        let hash = self.keep_blob(tenant, bytes.into_owned()).await;
        StoredBody { packed, size, bytes: None, hash: Some(hash) }
    }

    /// Keeps a large body, durably; tries again until it is.
    async fn keep_blob(&self, tenant: &TenantId, body: Vec<u8>) -> Hash {
        let hash = Hash::of(&body);
        let body: Arc<[u8]> = body.into();
        loop {
            let digest = mainspring_types::Digest {
                hash,
                size: body.len() as u64,
                media: mainspring_types::Media::Text,
            };
            let owner = tenant.clone();
            let pinned = work::ask(&self.submit, PinBlob { tenant: owner, digest }).await;
            let (blobs, owner, bytes) = (self.blobs.clone(), tenant.clone(), Arc::clone(&body));
            let put = tokio::task::spawn_blocking(move || blobs.put(&owner, &hash, &bytes));
            match (pinned, put.await) {
                (Ok(()), Ok(Ok(()))) => return hash,
                (pinned, put) => {
                    tracing::error!(?pinned, ?put, "a large answer was not kept yet");
                    tokio::time::sleep(FLUSH_EVERY).await;
                }
            }
        }
    }

    /// A large body that was kept.
    pub(super) async fn blob(&self, tenant: &TenantId, hash: Hash) -> Result<Vec<u8>, Fault> {
        let (blobs, owner) = (self.blobs.clone(), tenant.clone());
        let digest = mainspring_types::Digest { hash, size: 0, media: mainspring_types::Media::Text };
        tokio::task::spawn_blocking(move || blobs.get(&owner, &digest))
            .await
            .map_err(|error| Fault::Refused { detail: format!("reading a blob failed: {error}") })?
    }

    /// What a provider said, without any key of ours in it: some repeat what they were shown.
    pub(super) fn scrub(&self, text: &str) -> String {
        let keys = self.providers.iter().filter_map(|(provider, _)| provider.key.as_ref());
        let hide = |text: String, key: &secrecy::SecretString| match key.expose_secret() {
            "" => text,
            key => text.replace(key, "[key]"),
        };
        keys.fold(text.to_owned(), hide)
    }
}
