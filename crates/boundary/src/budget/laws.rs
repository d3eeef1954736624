//! The laws of budgets.
