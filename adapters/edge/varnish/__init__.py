"""One or more Varnish caches, by a request of our own that the shipped `tessera_purge.vcl` answers.

Every cache is told of every purge, all at the same time, and one that fails keeps no other from it; the purge as a
whole has failed then, and is repeated. `tessera_purge.vcl` purges by the module xkey, soft or hard.
`tessera_purge_bans.vcl` is for a Varnish without that module: there each purge is a ban, and hard.

The secret is compared by the VCL after the address of who asks; it is sent as it is, so the way between must be a
network of your own, or TLS. No proxy that the environment names is used, and no redirect followed.

Options: `urls` (required, a list: `http://10.0.0.5:6081`), `secret` (required, 16 to 256 characters of printable ASCII
without spaces), `timeout_s` (5, of each request), `header_bytes` (4000: of the keys in one request. Varnish takes
8,192 in a header unless `http_req_hdr_len` says otherwise).
"""

from adapters.edge.varnish.purger import VarnishPurger, build

__all__ = ["VarnishPurger", "build"]
