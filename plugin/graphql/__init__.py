"""`/graphql`: the same services as REST, asked in GraphQL."""
