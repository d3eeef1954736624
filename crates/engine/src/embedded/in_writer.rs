//! What the store's writer calls: the driver, and units that only share its transaction.

use mainspring_store::{Application, Fault, News, Pen, Unit};
use mainspring_types::Timestamp;

use super::Around;
use crate::{Bell, Driver, Message};

/// The driver and the units, inside the writer's thread.
pub(super) struct InWriter {
    driver: Driver<Around>,
    bell: Bell,
    /// Units that are written and wait for the disk.
    units: Vec<(Box<dyn Unit>, News)>,
}

impl InWriter {
    pub(super) fn new(driver: Driver<Around>, bell: Bell) -> Self {
        Self { driver, bell, units: Vec::new() }
    }

    fn write_unit(
        &mut self,
        pen: &mut Pen<'_>,
        now: Timestamp,
        mut unit: Box<dyn Unit>,
    ) -> Result<(), Fault> {
        let written = unit.write(pen, now).and_then(|news| {
            unit.demands().into_iter().try_for_each(|demand| self.driver.meet(pen, now, demand))?;
            Ok(news)
        });
        match written {
            Ok(news) => {
                self.units.push((unit, news));
                Ok(())
            }
            Err(fault) => {
                unit.settled(Err(fault.clone()));
                Err(fault)
            }
        }
    }
}

impl Application for InWriter {
    type Message = Message;

    fn write(&mut self, pen: &mut Pen<'_>, now: Timestamp, message: Message) -> Result<(), Fault> {
        match message {
            Message::Unit(unit) => self.write_unit(pen, now, unit),
            message => self.driver.write(pen, now, message),
        }
    }

    fn due(&self) -> Option<Timestamp> {
        self.driver.due()
    }

    fn wake(&mut self, pen: &mut Pen<'_>, now: Timestamp) -> Result<(), Fault> {
        self.driver.wake(pen, now)
    }

    fn durable(&mut self) {
        self.driver.durable();
        for (unit, news) in self.units.drain(..) {
            unit.settled(Ok(()));
            for (key, seq) in news {
                self.bell.ring(&key, seq);
            }
        }
    }

    fn undone(&mut self, fault: &Fault) {
        self.driver.undone(fault);
        for (unit, _) in self.units.drain(..) {
            unit.settled(Err(fault.clone()));
        }
    }
}
