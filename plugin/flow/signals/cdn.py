"""The geography headers of content delivery networks."""

from __future__ import annotations

from typing import NamedTuple


class GeoHeaders(NamedTuple):
    """Header names of one network; None where it has none.

    `encoded`: names are percent-encoded (RFC 3986). `withheld`: country codes that say the visitor hides
    where they are, so that the address must not be looked up either.
    """

    country: str
    region: str
    city: str
    continent: str | None
    timezone: str | None
    latitude: str
    longitude: str
    encoded: bool = False
    withheld: frozenset[str] = frozenset()

    def names(self) -> tuple[str | None, ...]:
        """In the order of `signals.geo.Spoken`."""
        return self[:7]


CDNS: dict[str, GeoHeaders] = {
    # "Add visitor location headers" among the managed transforms; the country alone is sent without it. T1 is
    # Tor.
    "cloudflare": GeoHeaders(
        country="cf-ipcountry",
        region="cf-region-code",
        city="cf-ipcity",
        continent="cf-ipcontinent",
        timezone="cf-timezone",
        latitude="cf-iplatitude",
        longitude="cf-iplongitude",
        withheld=frozenset({"T1"}),
    ),
    # An origin request policy that includes the viewer location headers.
    "cloudfront": GeoHeaders(
        country="cloudfront-viewer-country",
        region="cloudfront-viewer-country-region",
        city="cloudfront-viewer-city",
        continent=None,
        timezone="cloudfront-viewer-time-zone",
        latitude="cloudfront-viewer-latitude",
        longitude="cloudfront-viewer-longitude",
        encoded=True,
    ),
    # Fastly sends nothing by itself. These are the names of its own tutorials, set in vcl_recv:
    #   set req.http.client-geo-country = client.geo.country_code;   (and -region, -continent from
    #   continent_code, -city from city.utf8, -latitude, -longitude). It knows no zone name.
    "fastly": GeoHeaders(
        country="client-geo-country",
        region="client-geo-region",
        city="client-geo-city",
        continent="client-geo-continent",
        timezone=None,
        latitude="client-geo-latitude",
        longitude="client-geo-longitude",
    ),
    "vercel": GeoHeaders(
        country="x-vercel-ip-country",
        region="x-vercel-ip-country-region",
        city="x-vercel-ip-city",
        continent="x-vercel-ip-continent",
        timezone="x-vercel-ip-timezone",
        latitude="x-vercel-ip-latitude",
        longitude="x-vercel-ip-longitude",
        encoded=True,
    ),
}

CLOUDFRONT_AGENT = "Amazon CloudFront"
"""What CloudFront sends in place of the visitor's User-Agent unless its policy forwards that."""

CLOUDFRONT_DEVICES = (
    # A tablet is flagged as mobile, too, so the narrower kinds come first.
    ("cloudfront-is-smarttv-viewer", "tv"),
    ("cloudfront-is-tablet-viewer", "tablet"),
    ("cloudfront-is-mobile-viewer", "mobile"),
    ("cloudfront-is-desktop-viewer", "desktop"),
)
