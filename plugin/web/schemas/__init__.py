"""Shapes of requests and answers, in marshmallow: they validate, and the OpenAPI document is made from them."""
