//! The rules of purchasing: pure.

mod act;
mod blanket;
mod blanket_act;
mod blanket_refusal;
mod call_off;
mod carry;
mod charge;
mod command;
mod confirm;
mod correspondence;
mod create;
mod expected;
mod fixed_rate;
mod landed;
mod merge;
mod minimum;
mod numbers;
mod order;
mod order_state;
mod page;
mod performance;
mod policy;
mod price_drift;
mod rate_difference;
mod receive;
mod refusal;
mod reorder;
mod reshare;
mod returns;
mod reverse;
mod reverse_return;
mod revise;
mod states;
mod supply;
mod unmerge;

pub use act::{Act, decide_act};
pub use blanket::{Activation, BlanketAction, BlanketChange, BlanketLine, BlanketOrder, CallOffTerms, blanket_actions};
pub use blanket_act::{
    BlanketAct, BlanketCreate, BlanketUpdate, NewBlanketLine, ProductFacts, decide_blanket_act, decide_blanket_create,
    decide_blanket_update,
};
pub use blanket_refusal::BlanketRefusal;
pub use call_off::update_call_offs;
pub use carry::LandedShares;
pub use charge::{BooksAmount, Charge, NewCharge, charge_name};
pub use command::{Command, PurchaseCommand, PurchaseNeeds};
pub use confirm::{Confirm, ConfirmLine, decide_confirm};
pub use correspondence::{Correspondence, RevisionStatus};
pub use create::{Amend, Create, NewLine, Placing, Prices, decide_amend, decide_create};
pub use expected::{Confirmation, ExpectedFrom, LeadDay, LeadTime, LeadTimes};
pub use fixed_rate::{FIXED_SOURCE, FixedRate, FixedRateRefusal};
pub use landed::{allocate_proportionally, share};
pub use merge::{MergedSupplies, Terms, merge_supplies};
pub use order::{
    Change, Discrepancy, DocumentEvent, GoodsReceipt, Line, PurchaseBook, PurchaseDecision, PurchaseOrder, ReceiptLine,
    ReversedReceiptLine,
};
pub use order_state::{Approval, End, OrderState, Placement, Request, Stage};
pub use page::{Party, page};
pub use performance::{Delivery, Performance, lead_deviation, mean_and_deviation, performance};
pub use policy::{PolicyItem, PolicyProblem, check_policy};
pub use price_drift::{PriceDrift, ProductPrices, price_drifts};
pub use rate_difference::rate_difference;
pub use receive::{Receive, ReceiveLine, ReceivedLot, WrongItem, decide_receive};
pub use refusal::{AmendRefusal, Refusal};
pub use reorder::{
    Demand, Kind, LeadTimeStats, Plan, Reason, StoreStock, Suggestion, order_quantity, reorder_point, safety_stock, suggest, z,
};
pub use returns::{
    CreateSupplierReturn, NewReturnLine, ReversedReturnLine, SupplierReturn, SupplierReturnLine, decide_supplier_return,
};
pub use reverse::{ReceiptReversal, ReverseReceipt};
pub use reverse_return::{ReturnReversal, ReverseReturn};
pub use revise::{PriceRaise, Revise, SetLine, decide_revise};
pub use states::{Action, PURCHASE_STEPS, actions_from, may};
pub use supply::{MAX_BREAKS, MAX_LEAD_TIME_DAYS, PriceBreak, Supply, SupplyFields, SupplyProblem, check_supply};
pub use unmerge::{RestoredSupplies, SuppliersMoved, SuppliesNow, SupplyKept, SupplyMoved, unmerge_supplies};
