//! The rules of commands on lots, and on stock that is set aside: pure. A lot's quantities at a
//! level are moved through `stock::core`'s draft.

mod act;
mod command;
mod refusal;

pub use act::{
    ActOnLot, CreateLot, Destination, LotAction, MoveItem, MoveStock, decide_act_on_lot, decide_create_lot, decide_move,
};
pub use command::LotCommand;
pub use refusal::Refusal;
