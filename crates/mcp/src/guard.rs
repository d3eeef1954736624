//! Stands between a transport and rmcp, and lets through only what rmcp is to see.
//!
//! Notifications end here: of all of them only the one about a changed list of tools matters to us, and rmcp would
//! start a task for each. What nobody asked for is counted, and a flood of it ends the connection.

use std::{borrow::Cow, sync::Arc};

use rmcp::{
    RoleClient,
    model::{JsonRpcMessage, ServerNotification},
    service::{RxJsonRpcMessage, TxJsonRpcMessage},
    transport::Transport,
};

use crate::{evidence::Evidence, gauge::Breach};

/// How many messages that nobody asked for may come between two answers.
const UNASKED_MAX: u32 = 50_000;

/// A transport whose other end is not trusted.
pub(crate) struct Guard<T> {
    transport: T,
    evidence: Arc<Evidence>,
    unasked: u32,
}

impl<T> Guard<T> {
    pub(crate) fn new(transport: T, evidence: Arc<Evidence>) -> Self {
        Self { transport, evidence, unasked: 0 }
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
        self.transport.send(item)
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleClient>> {
        loop {
            let message = self.transport.receive().await?;
            match self.sift(message) {
                Ok(None) => {}
                Ok(message) => return message,
                Err(breach) => {
                    self.evidence.convict(breach);
                    return None;
                }
            }
        }
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.transport.close().await
    }
}
