//! The executor with real processes: agents written here, run in the process tier as the product runs them.

#[path = "process/fixture.rs"]
mod fixture;

#[path = "process/answers.rs"]
mod answers;
#[path = "process/ending.rs"]
mod ending;
#[path = "process/surroundings.rs"]
mod surroundings;
