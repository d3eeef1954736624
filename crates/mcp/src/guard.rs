//! Stands between a transport and rmcp, and lets through only what rmcp is to see.
//!
//! Notifications end here: of all of them only the one about a changed list of tools matters to us, and rmcp would
//! start a task for each. What nobody asked for is counted, and a flood of it ends the connection.

use std::{borrow::Cow, sync::Arc, time::Duration};

use rmcp::{
    RoleClient,
    model::{JsonRpcMessage, ServerNotification},
    service::{RxJsonRpcMessage, TxJsonRpcMessage},
    transport::Transport,
};
use tokio::time::timeout;

use crate::{evidence::Evidence, gauge::Breach};

/// How many messages that nobody asked for may come between two answers.
const UNASKED_MAX: u32 = 50_000;

/// How long a transport may take to close. It tells the server, who may not listen.
const CLOSING: Duration = Duration::from_secs(1);

/// A transport whose other end is not trusted.
pub(crate) struct Guard<T> {
    /// `None` once the server broke a bound: what it still sends has no reader.
    transport: Option<T>,
    evidence: Arc<Evidence>,
    unasked: u32,
}

impl<T> Guard<T> {
    pub(crate) fn new(transport: T, evidence: Arc<Evidence>) -> Self {
        Self { transport: Some(transport), evidence, unasked: 0 }
    }

    /// Counts a message that nobody asked for.
    fn count(&mut self) -> Result<(), Breach> {
        self.unasked += 1;
        if self.unasked > UNASKED_MAX { Err(Breach::Flood) } else { Ok(()) }
    }

    /// The message, if rmcp is to see it.
    fn sift(
        &mut self,
        message: RxJsonRpcMessage<RoleClient>,
    ) -> Result<Option<RxJsonRpcMessage<RoleClient>>, Breach> {
        self.evidence.hear();
        match &message {
            JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_) => self.unasked = 0,
            JsonRpcMessage::Request(_) => self.count()?,
            JsonRpcMessage::Notification(notification) => {
                if let ServerNotification::ToolListChangedNotification(_) = notification.notification {
                    self.evidence.change();
                }
                self.count()?;
                return Ok(None);
            }
        }
        Ok(Some(message))
    }
}

impl<T: Transport<RoleClient>> Transport<RoleClient> for Guard<T> {
    type Error = T::Error;

    fn name() -> Cow<'static, str> {
        T::name()
    }

    fn send(
        &mut self,
        item: TxJsonRpcMessage<RoleClient>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        let sent = self.transport.as_mut().map(|transport| transport.send(item));
        async move {
            match sent {
                Some(sent) => sent.await,
                None => Ok(()),
            }
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleClient>> {
        loop {
            let message = self.transport.as_mut()?.receive().await?;
            match self.sift(message) {
                Ok(None) => {}
                Ok(message) => return message,
                Err(breach) => {
                    self.evidence.convict(breach);
                    self.transport = None;
                }
            }
        }
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        let Some(mut transport) = self.transport.take() else { return Ok(()) };
        // A transport that waits for us to read what it has would wait for ever; dropped, it gives up.
        timeout(CLOSING, transport.close()).await.unwrap_or(Ok(()))
    }
}
