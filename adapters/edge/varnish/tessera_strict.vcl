# Beside tessera_edge.vcl, and included after it: of what a request for a shared answer brought, nothing goes to the
# site but what is named here, whatever headers the site's frontend heeds. Needs the module header of varnish-modules.
vcl 4.1;

import header;

sub vcl_backend_fetch {
    if ((bereq.http.Tessera-Step == "key" || bereq.http.Tessera-Step == "keyed") && !bereq.uncacheable) {
        header.regsub(bereq, "(?i)^(?!(Host|Accept|Accept-Encoding|User-Agent|If-None-Match|If-Modified-Since|Surrogate-Capability|Tessera-(Step|Fragment|Grace)|X-Forwarded-Proto|X-Tessera-Key|X-Varnish|T-(Edge|Key|Values|Country|Device|Locale|Network|Referrer|Utm-(Source|Medium|Campaign|Term|Content)|Zone|Consent|Class)):)[^:]*:.*$", "Tessera-Left-Out: yes");
        unset bereq.http.Tessera-Left-Out;
    }
}
