//! Values of variables: by the scalar, and by the name of the field that takes it.

use async_graphql_parser::types::{BaseType, Type};

use super::names;
use crate::{
    json::Json,
    schema::{Definition, Input, Kind, Schema, base},
};

pub(super) struct Values<'a> {
    pub(super) schema: &'a Schema,
    /// The root field that the example calls.
    pub(super) root: &'a str,
}

/// The members of `@oneOf` inputs in the order in which they are wanted.
const PREFERRED_MEMBERS: [&str; 7] = ["sku", "code", "slug", "number", "id", "expectedVersion", "all"];
/// The optional field that a change changes.
const CHANGED_FIELDS: [&str; 3] = ["name", "title", "note"];
/// Optional inputs without which a call does nothing or is refused: the input or root field, and its member.
pub(super) const INCLUDED_INPUTS: [(&str, &str); 103] = [
    ("AcceptedTagsInput", "product"),
    ("ApiKeyCreateInput", "idempotencyKey"),
    ("ApiKeyCreateInput", "permissions"),
    ("BlanketOrderLineInput", "quantity"),
    ("CategoryCreateInput", "idempotencyKey"),
    ("CategoryUpsertInput", "name"),
    ("ChannelCreateInput", "idempotencyKey"),
    ("CreditNoteIssueInput", "invoice"),
    ("CustomerCreateInput", "idempotencyKey"),
    ("CustomerCreateInput", "name"),
    ("CustomerMergeInput", "into"),
    ("CustomerUpsertInput", "name"),
    ("DocumentReverseInput", "document"),
    ("ExchangeRatesImportInput", "ecbCsv"),
    ("ExportCreateInput", "entity"),
    ("FactorSeriesSetInput", "values"),
    ("FileUploadCreateInput", "idempotencyKey"),
    ("FulfilmentTrackingSetInput", "trackingNumber"),
    ("HoldRuleUpsertInput", "countries"),
    ("ImportCreateInput", "entity"),
    ("IntegrationCreateInput", "idempotencyKey"),
    ("InvoiceIssueInput", "order"),
    ("KitComponentInput", "product"),
    ("MemberRolesSetInput", "member"),
    ("OrderLineCancel", "quantity"),
    ("OrderLineInput", "product"),
    ("OrderLineInput", "quantity"),
    ("OrderUpdateInput", "noteForStaff"),
    ("PaperCreateInput", "document"),
    ("ProductCreateInput", "idempotencyKey"),
    ("ProductCreateInput", "price"),
    ("ProductDescriptionProposeInput", "product"),
    ("ProductDocumentAddInput", "product"),
    ("ProductFamilyCreateInput", "idempotencyKey"),
    ("ProductImageAddInput", "product"),
    ("ProductImageReorderInput", "product"),
    ("ProductLabelSheetInput", "idempotencyKey"),
    ("ProductLabelSheetInput", "products"),
    ("ProductSuggestionRefuseInput", "product"),
    ("ProductSuggestionRefuseInput", "tags"),
    ("ProductTextAcceptInput", "tags"),
    ("ProductUpsertInput", "name"),
    ("PurchaseOrderAmendInput", "note"),
    ("PurchaseOrderConfirmInput", "confirmedOn"),
    ("PurchaseOrderLineInput", "quantity"),
    ("PurchaseOrderLineInput", "unitCost"),
    ("PurchaseOrderLineReceiptInput", "lineId"),
    ("PurchaseOrderLineReceiptInput", "quantity"),
    ("PurchaseOrderReceiveInput", "lines"),
    ("ReorderLineInput", "supplier"),
    ("ReorderPolicyInput", "reorderPoint"),
    ("ReserveItem", "quantity"),
    ("ReturnInspectInput", "lines"),
    ("ReturnInspectLineInput", "quantity"),
    ("ReturnLineInput", "product"),
    ("ReturnLineInput", "quantity"),
    ("ReturnReceiveInput", "lines"),
    ("ReturnReceiveLineInput", "quantity"),
    ("RoleCreateInput", "idempotencyKey"),
    ("RoleGrantInput", "role"),
    ("SalesReportFilter", "from"),
    ("SalesReportFilter", "to"),
    ("SavedViewLinkCreateInput", "savedView"),
    ("SavedViewScheduleSetInput", "emails"),
    ("SavedViewScheduleSetInput", "savedView"),
    ("SourcingSetInput", "rule"),
    ("StockChangeInput", "delta"),
    ("StockMoveItem", "quantity"),
    ("StockReportFilter", "from"),
    ("StockReportFilter", "to"),
    ("StockSimulateInput", "product"),
    ("StockSimulationPolicyInput", "leadTimeDays"),
    ("StocktakeLineInput", "counted"),
    ("StoreCreateInput", "idempotencyKey"),
    ("StoreGroupCreateInput", "idempotencyKey"),
    ("SupplierCreateInput", "email"),
    ("SupplierCreateInput", "idempotencyKey"),
    ("SupplierMergeInput", "into"),
    ("SupplierReturnLineInput", "product"),
    ("SupplierReturnLineInput", "quantity"),
    ("SupplierReturnLineInput", "unitCredit"),
    ("TransferLineInput", "quantity"),
    ("TransferShipmentInput", "lines"),
    ("TransferShipmentLineInput", "quantity"),
    ("WebhookEndpointCreateInput", "idempotencyKey"),
    ("WebhookEndpointReplayInput", "fromSeq"),
    ("WebhookEndpointReplayInput", "toSeq"),
    ("WebhookEndpointUpdateInput", "eventTypes"),
    ("WorkLineQuantity", "quantity"),
    ("WrongItemInput", "quantity"),
    ("apiKeyRoll", "idempotencyKey"),
    ("invitationAccept", "displayName"),
    ("login", "tenant"),
    ("memberInvite", "idempotencyKey"),
    ("papers", "document"),
    ("productDescriptionPrompt", "product"),
    ("productLabels", "products"),
    ("profileUpdate", "displayName"),
    ("purchaseOrderHtml", "by"),
    ("purchaseOrderPage", "by"),
    ("reauthenticate", "password"),
    ("sandboxCreate", "idempotencyKey"),
    ("sessionRename", "name"),
];
/// A bound for inputs that contain themselves.
const MAX_DEPTH: usize = 8;

impl Values<'_> {
    /// A value of the argument or input field `name`; `owner` is the input that has it, empty for an argument.
    pub(super) fn of(&self, ty: &Type, name: &str, owner: &str) -> Json {
        self.at(ty, name, owner, 0)
    }

    fn at(&self, ty: &Type, name: &str, owner: &str, depth: usize) -> Json {
        match &ty.base {
            BaseType::List(_) if depth > MAX_DEPTH => Json::List(Vec::new()),
            BaseType::List(item) => Json::List(vec![self.at(item, name, owner, depth + 1)]),
            BaseType::Named(type_name) => match self.schema.definition(type_name) {
                Some(definition) if definition.kind == Kind::Enum => {
                    let chosen_value = names::example_choice(name, self.root);
                    let value = definition.values.iter().find(|value| Some(value.name.as_str()) == chosen_value);
                    Json::Text(value.or(definition.values.first()).map(|value| value.name.clone()).unwrap_or_default())
                }
                Some(_) if type_name.as_str() == "StoreRef" && name == "toStore" => {
                    Json::Object(vec![("code".to_owned(), Json::Text(names::OTHER_STORE.to_owned()))])
                }
                // Not the one that is merged into it.
                Some(_) if name == "into" => {
                    Json::Object(vec![("id".to_owned(), Json::Text(names::id("intoId", owner, self.root)))])
                }
                Some(definition) if definition.kind == Kind::Input => self.input(definition, owner.is_empty(), depth + 1),
                _ => self.scalar(type_name, name, owner),
            },
        }
    }

    fn input(&self, definition: &Definition, is_argument: bool, depth: usize) -> Json {
        let value = |input: &Input| (input.name.clone(), self.at(&input.ty, &input.name, &definition.name, depth));
        if definition.directives.has("oneOf") {
            // Digits alone are the number of documents of several kinds.
            let is_numbered = definition.name != "DocumentRef";
            let mut names = PREFERRED_MEMBERS.iter().filter(|name| is_numbered || **name != "number");
            let preferred = names.find_map(|name| definition.inputs.iter().find(|input| input.name == *name));
            return Json::Object(preferred.or(definition.inputs.first()).map(value).into_iter().collect());
        }
        let is_change = is_argument && self.root.ends_with("Update");
        let changed =
            CHANGED_FIELDS.iter().find(|name| definition.inputs.iter().any(|input| input.name == **name && is_text(input)));
        let is_selected_input = |input: &&Input| {
            let is_changed = is_change && changed.is_some_and(|name| *name == input.name);
            is_changed || is_included(&definition.name, input)
        };
        Json::Object(definition.inputs.iter().filter(is_selected_input).map(value).collect())
    }

    fn scalar(&self, type_name: &str, name: &str, owner: &str) -> Json {
        match type_name {
            "ID" => Json::Text(names::id(name, owner, self.root)),
            "Int" | "Long" | "Quantity" => Json::Number(names::integer(name)),
            "Float" => Json::Number(names::float(name)),
            "Boolean" => Json::Bool(true),
            "JSON" => Json::Object(vec![("colour".to_owned(), Json::Text("blue".to_owned()))]),
            // The currency of a new tenant.
            "CurrencyCode" if owner == "MoneyInput" => Json::Text("GBP".to_owned()),
            "CurrencyCode" => Json::Text(if matches!(name, "to" | "quoteCode") { "GBP" } else { "EUR" }.to_owned()),
            "Cursor" => Json::Text("AQIDBA".to_owned()),
            "Date" => Json::Text(names::date(name).to_owned()),
            "DateTime" => Json::Text(format!("{}T09:00:00Z", names::date(name))),
            "Decimal" => Json::Text(if name == "rate" { "0.8642" } else { "12.50" }.to_owned()),
            _ => Json::Text(names::text(name, owner, self.root)),
        }
    }
}

/// Whether an example gives the argument or input field.
pub(super) fn is_included(owner: &str, input: &Input) -> bool {
    input.is_required() || is_row(input) || INCLUDED_INPUTS.contains(&(owner, &input.name))
}

/// Whether it is the ID of the row that a mutation changes, which a reference may name instead.
fn is_row(input: &Input) -> bool {
    input.name == "id" && input.description.contains("Needed unless `")
}

fn is_text(input: &Input) -> bool {
    base(&input.ty) == "String"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::Operation;

    #[test]
    fn every_optional_input_that_examples_give_is_in_the_schema() {
        let schema = Schema::parse(include_str!("../../../../schema.graphql")).unwrap();
        for (owner, name) in INCLUDED_INPUTS {
            let inputs = match schema.definition(owner) {
                Some(definition) => &definition.inputs,
                None => &Operation::ALL.into_iter().find_map(|operation| schema.root_field(operation, owner)).unwrap().arguments,
            };
            let input = inputs.iter().find(|input| input.name == name).unwrap_or_else(|| panic!("{owner} has no {name}"));
            assert!(!input.is_required(), "{owner}.{name} is given anyway");
        }
    }
}
