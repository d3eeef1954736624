//! The API over a whole stack, asked by the typed client; only the work of an attempt is made up.

mod gates;
mod live;
mod receipts;
mod runs;
mod sessions;
mod site;
