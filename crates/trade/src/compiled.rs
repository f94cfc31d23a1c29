//! Makes rustc compile the resolvers of this crate in it, so that `api` has less to compile at once: `graphql::compiled_here`.

// Its resolvers are compiled already.
use circle as _;

use crate::{
    catalog::{CatalogMutation, CatalogQuery},
    counts::{CountsMutation, CountsQuery},
    currency::{CurrencyMutation, CurrencyQuery},
    fulfilment::{FulfilmentMutation, FulfilmentWaveMutation, ReadyEmailMutation, ReadyEmailQuery},
    orders::{HoldMutation, HoldRuleMutation, HoldRuleQuery, OrdersMutation, OrdersQuery, SourcingMutation, SourcingQuery},
    payments::PaymentMutation,
    purchasing::{BlanketQuery, PurchaseQuery, PurchasingMutation},
    returns::ReturnsMutation,
    reversals::{ReversalMutation, ReversalQuery},
    stock::{DigestQuery, LotMutation, LotQuery, StockMutation},
    transfers::{TransfersMutation, TransfersQuery},
};

::graphql::compiled_here!(
    BlanketQuery,
    CatalogMutation,
    CatalogQuery,
    CountsMutation,
    CountsQuery,
    CurrencyMutation,
    CurrencyQuery,
    DigestQuery,
    FulfilmentMutation,
    FulfilmentWaveMutation,
    HoldMutation,
    HoldRuleMutation,
    HoldRuleQuery,
    LotMutation,
    LotQuery,
    OrdersMutation,
    OrdersQuery,
    PaymentMutation,
    PurchaseQuery,
    PurchasingMutation,
    ReadyEmailMutation,
    ReadyEmailQuery,
    ReturnsMutation,
    ReversalMutation,
    ReversalQuery,
    SourcingMutation,
    SourcingQuery,
    StockMutation,
    TransfersMutation,
    TransfersQuery,
);
