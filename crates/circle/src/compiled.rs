//! Makes rustc compile the resolvers that the roots in `objects` lead to: `graphql::compiled_here`.

use objects::{
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
