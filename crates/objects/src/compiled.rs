//! Makes rustc compile the resolvers of this crate in it, so that `api` has less to compile at once: `graphql::compiled_here`.

use crate::{
    alerts::AlertQuery,
    files::FileMutation,
    fulfilment::{CarrierMutation, CarrierQuery, FulfilmentQuery, FulfilmentWaveQuery},
    jobs::{JobMutation, JobQuery},
    numbering::{NumberMutation, NumberQuery},
    returns::ReturnsQuery,
    stock::StockQuery,
    tenancy::TenancyMutation,
};

::graphql::compiled_here!(
    AlertQuery,
    CarrierMutation,
    CarrierQuery,
    FileMutation,
    FulfilmentQuery,
    FulfilmentWaveQuery,
    JobMutation,
    JobQuery,
    NumberMutation,
    NumberQuery,
    ReturnsQuery,
    StockQuery,
    TenancyMutation,
);
