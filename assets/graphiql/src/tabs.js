const tab = (query, variables) => ({ query: query.trim() + '\n', variables: variables && JSON.stringify(variables, null, 2) });

export const tabs = [
  tab(`
# Products with their stock. Press the play
# button. Each tab is ready to run; sign in at
# the top right first, if nobody is named
# there. On the left: the book has every type
# and field, the folder builds operations by
# clicks.
query Products($first: Int = 10, $after: Cursor, $search: String) {
  products(first: $first, after: $after, filter: { search: $search }) {
    nodes {
      id
      sku
      name
      status
      category { name }
      supplier { name leadTimeDays }
      price { amount currencyCode }
      stock { store { code } onHand reserved available status }
    }
    pageInfo { hasNextPage endCursor }
  }
}`, { first: 10, search: 'mugs' }),
  tab(`
# Takes two mugs out in London. Run it twice:
# the idempotency key is the same, so the
# second answer has "replayed": true and
# nothing moves. Change the key in the
# variables to take two more.
mutation Adjust($input: StockAdjustInput!) {
  stockAdjust(input: $input) {
    replayed
    seq
    levels { id onHand reserved available version }
    userErrors {
      code
      message
      field
      ... on InsufficientStock { requested available }
      ... on VersionConflict { actualVersion }
    }
  }
}`, {
    input: {
      idempotencyKey: 'graphiql-1',
      reasonCode: 'DAMAGE',
      note: 'dropped',
      changes: [{ product: { sku: 'DS-MUGS-4' }, store: { code: 'LDN' }, delta: -2 }],
    },
  }),
  tab(`
# First the levels that match, page by page,
# then each change as it commits. Leave it
# running, and run Adjust with a new key in
# another browser window.
subscription Stock($filter: StockFilter, $after: Cursor) {
  stockChanged(filter: $filter, after: $after) {
    phase
    cursor
    reset
    changes {
      seq
      inFilter
      level { product { sku } store { code } onHand reserved available version }
    }
  }
}`, { filter: { onHand: { gte: 1 } } }),
  tab(`
# The places that hold stock.
query Stores {
  stores(first: 50) {
    nodes { id code name kind timeZone }
  }
}`),
  tab(`
# Levels that are low or out of stock, the
# fullest first.
query Levels($filter: StockFilter) {
  stockLevels(first: 20, filter: $filter, orderBy: { field: AVAILABLE, direction: DESC }) {
    nodes { product { sku name } store { code } onHand reserved available reorderPoint status updatedAt }
    pageInfo { hasNextPage endCursor }
    streamCursor
  }
}`, { filter: { status: ['CRITICAL', 'OUT_OF_STOCK', 'LOW'] } }),
  tab(`
# Confirms an order, which reserves its stock.
# With "status": "FULFILLED" in the input it
# is a sale over the counter.
mutation Order($input: OrderCreateInput!) {
  orderCreate(input: $input) {
    order {
      id
      number
      status
      total { amount currencyCode }
      lines { sku name quantity open unitPrice { amount } allocations { store { code } quantity } }
      allowedActions
    }
    userErrors { code message field }
  }
}`, {
    input: {
      idempotencyKey: 'graphiql-order-1',
      store: { code: 'LDN' },
      lines: [{ product: { sku: 'DS-MUGS-4' }, quantity: 1 }],
    },
  }),
  tab(`
# The newest orders with their lines.
query Orders {
  orders(first: 10) {
    nodes {
      id
      number
      status
      placedAt
      store { code }
      customer { name country }
      total { amount currencyCode }
      lines { sku name quantity fulfilled returned total { amount } }
    }
    pageInfo { hasNextPage endCursor }
  }
}`),
  tab(`
# The ten products with the highest net
# revenue, and the sum over all products.
query BestSellers {
  salesSummary {
    rows(groupBy: PRODUCT, topBy: NET_REVENUE, first: 10) {
      nodes {
        product { sku name }
        orders
        unitsSold
        unitsReturned
        netRevenue { amount currencyCode }
      }
    }
    total { orders unitsSold netRevenue { amount currencyCode } }
  }
}`),
  tab(`
# Sales by month, in the time of each store.
query SalesByMonth {
  salesSummary {
    rows(groupBy: MONTH) {
      nodes {
        key
        orders
        unitsSold
        grossRevenue { amount currencyCode }
        refunds { amount }
        netRevenue { amount }
      }
    }
  }
}`),
  tab(`
# The ledger, newest first. The entries of a
# movement say what it did to which level.
query Movements {
  stockMovements(first: 10) {
    nodes {
      seq
      kind
      reasonCode
      note
      occurredAt
      recordedAt
      entries { product { sku } store { code } onHandDelta onHandAfter versionAfter }
    }
    pageInfo { hasNextPage endCursor }
  }
}`),
  tab(`
# Who you are, what you may do in which
# stores, and what is left of your rate limit.
query Me {
  viewer {
    actor {
      __typename
      ... on Member { displayName }
      ... on Integration { name }
    }
    tenant { slug name defaultCurrency timeZone }
    permissions { permission scope { all stores { code } } }
  }
  rateLimit { limit remaining restoreRate }
}`),
];
