//! The words every layer shares: ids, time, quantities, values, gates, secrets and the error catalogue.
//!
//! Nothing here touches the outside world except the constructors of ids, which draw random bits at the edge, and
//! [`Timestamp::now`]. The `core` crate uses neither.

mod code;
mod digest;
mod gate;
mod ids;
mod name;
mod problem;
mod quantity;
mod suggest;
mod time;
mod value;
mod word;

pub use code::{Code, Family};
pub use digest::{Hash, Hasher, ParseHashError};
pub use gate::{GateAction, GateDefault, GateKind, GateState};
pub use ids::{AttemptNo, EffectId, GateId, ParseIdError, RequestId, RunId, SessionId, nonce};
pub use name::{AgentName, InvalidName, StepId, TenantId};
pub use problem::{Location, Problem};
pub use quantity::{ByteSize, ParseQuantityError, parse_duration};
pub use secrecy::{ExposeSecret, SecretString};
pub use suggest::nearest;
pub use time::{Timestamp, rfc3339};
pub use value::{Digest, INLINE_MAX, Media, Value};
