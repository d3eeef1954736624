//! Who waits: first come, first served within a tenant, and tenants take turns.

use std::collections::{HashMap, VecDeque};

use mainspring_types::TenantId;

use super::Ticket;

/// Tickets that wait for their turn.
#[derive(Default, Debug)]
pub(super) struct Queue {
    /// Tenants with someone waiting, the next to be served in front.
    turns: VecDeque<TenantId>,
    lines: HashMap<TenantId, VecDeque<Ticket>>,
    tenant_of: HashMap<Ticket, TenantId>,
}

impl Queue {
    pub(super) fn push(&mut self, tenant: &TenantId, ticket: Ticket) {
        let line = self.lines.entry(tenant.clone()).or_default();
        if line.is_empty() {
            self.turns.push_back(tenant.clone());
        }
        line.push_back(ticket);
        self.tenant_of.insert(ticket, tenant.clone());
    }

    pub(super) fn pop(&mut self) -> Option<Ticket> {
        let tenant = self.turns.pop_front()?;
        let line = self.lines.get_mut(&tenant)?;
        let ticket = line.pop_front()?;
        self.tenant_of.remove(&ticket);
        if line.is_empty() {
            self.lines.remove(&tenant);
        } else {
            self.turns.push_back(tenant);
        }
        Some(ticket)
    }

    /// Takes the ticket out; `false` when it does not wait.
    pub(super) fn remove(&mut self, ticket: Ticket) -> bool {
        let Some(tenant) = self.tenant_of.remove(&ticket) else { return false };
        if let Some(line) = self.lines.get_mut(&tenant) {
            line.retain(|waiting| *waiting != ticket);
            if line.is_empty() {
                self.lines.remove(&tenant);
                self.turns.retain(|turn| *turn != tenant);
            }
        }
        true
    }

    pub(super) fn len(&self) -> usize {
        self.tenant_of.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tenant_of.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_take_turns_and_lines_keep_their_order() {
        let tenant = |name| TenantId::new(name).expect("a slug");
        let mut queue = Queue::default();
        for (name, ticket) in [("a", 1), ("a", 2), ("a", 3), ("b", 4), ("b", 5), ("c", 6)] {
            queue.push(&tenant(name), Ticket(ticket));
        }
        assert!(queue.remove(Ticket(2)) && !queue.remove(Ticket(2)));
        assert!(queue.remove(Ticket(6)));
        let order: Vec<u64> = std::iter::from_fn(|| queue.pop()).map(|ticket| ticket.0).collect();
        assert_eq!(order, [1, 4, 3, 5]);
        assert!(queue.is_empty());
    }
}
