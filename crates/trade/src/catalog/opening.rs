//! A product and its opening stock in one call.

use async_graphql::Context;
use iam::access::{Permit, kind};
use inventory::{
    catalog::{Catalog, Mode},
    ledger::{
        Ledger,
        opening::{OpeningLine, ProductWithStock, create_product_with_stock},
    },
};
use platform::path;

use super::{
    Product,
    inputs::{OpeningStockInput, ProductCreateInput},
    payload::{Parts, ProductPayload, parts, row_visibility},
};
use crate::{
    graphql::{
        context::ContextExt,
        fault::Answer,
        reading::{InputErrors, read},
        refusal::{ErrorCode, UserError, truncate_errors},
        scalars::Long,
    },
    stock::{receipt, user_errors_of_stop},
};

fn opening_lines(reader: &mut InputErrors, lines: Vec<OpeningStockInput>) -> Vec<OpeningLine> {
    let line = |(index, line): (usize, OpeningStockInput)| {
        let at = |name: &str| path!["input", "openingStock", index, name];
        OpeningLine {
            store: reader.store(line.store, || at("store")),
            quantity: line.quantity.0,
            unit_cost: reader.money(line.unit_cost.as_ref(), || at("unitCost")),
            lot: line.lot.map(|lot| reader.lot(lot, || at("lot"))),
        }
    };
    lines.into_iter().enumerate().map(line).collect()
}

/// Creates a product with its stock. If the product was created and its stock was refused, the
/// product is returned with the rejections: the next call with the key continues there.
pub async fn create_with_stock(
    ctx: &Context<'_>,
    permit: Permit<kind::ProductWrite>,
    (input, opening_stock): (ProductCreateInput, Vec<OpeningStockInput>),
    mode: Mode,
) -> Answer<ProductPayload> {
    let Some(key) = input.idempotency_key.clone() else {
        let message = "openingStock needs an idempotencyKey: a call that breaks off is finished by sending it again";
        return Ok(vec![UserError::new(ErrorCode::Required, message, path!["input", "idempotencyKey"])].into());
    };
    let lines = match read(|reader| opening_lines(reader, opening_stock)) {
        Ok(lines) => lines,
        Err(errors) => return Ok(errors.into()),
    };
    let services = (ctx.required_data::<Catalog>()?, ctx.required_data::<Ledger>()?);
    let ProductWithStock { batch, stock } =
        match create_product_with_stock(services, permit, (input.into(), lines), (key, mode)).await {
            Ok(created) => created,
            Err(stop) => return Ok(user_errors_of_stop(ctx, stop).await?.into()),
        };
    let visibility = row_visibility::<kind::ProductRead>(ctx)?;
    let Parts { mut entity, mut user_errors, mut replayed, mut seq } = parts(batch, visibility, Product::from);
    if let Some(stock_outcome) = stock {
        match receipt(ctx, stock_outcome).await? {
            Ok(receipt) => {
                replayed &= receipt.stored.is_some();
                seq = receipt.seq.map(Long).or(seq);
            }
            Err(errors) => {
                // Without an event nothing was written, including the product.
                entity = entity.filter(|_| seq.is_some());
                user_errors.extend(errors);
            }
        }
    }
    let user_errors = truncate_errors(user_errors.into_iter());
    Ok(ProductPayload { product: entity, user_errors, replayed, seq })
}
