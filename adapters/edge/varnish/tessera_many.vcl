# Beside tessera_edge.vcl, and included before it, where rules tell many kinds of visitors apart: it finds a key among
# thousands as fast as among ten. Varnish compares the stored answers of one address one after another; here those
# inputs that the last answer named in its Vary, and that have many values, are part of what is looked up. Vary still
# decides: nothing is shown that it would not show. Needs the module var of varnish-modules.
vcl 4.1;

import var;

sub vcl_hash {
    if (req.http.Tessera-Step == "key") {
        set req.http.Tessera-Reads = var.global_get("/v1/audience?slots=" + req.http.T-Slots);
        if (req.http.Tessera-Reads) {
            if (req.http.T-Country && req.http.Tessera-Reads ~ "T-Country") {
                hash_data("country " + req.http.T-Country);
            }
            if (req.http.T-Class && req.http.Tessera-Reads ~ "T-Class") {
                hash_data("class " + req.http.T-Class);
            }
            if (req.http.T-Utm-Source && req.http.Tessera-Reads ~ "T-Utm-Source") {
                hash_data("source " + req.http.T-Utm-Source);
            }
            if (req.http.T-Utm-Campaign && req.http.Tessera-Reads ~ "T-Utm-Campaign") {
                hash_data("campaign " + req.http.T-Utm-Campaign);
            }
        }
        unset req.http.Tessera-Reads;
    }
}

# Of pages and of fragments of one slot, which are not more than there are; clients may ask for slots in any order.
sub vcl_backend_response {
    if (bereq.http.Tessera-Step == "key" && beresp.status == 200 && beresp.http.T-Key && beresp.http.Vary &&
        (bereq.url !~ "," || !bereq.http.Tessera-Fragment)) {
        var.global_set(bereq.url, beresp.http.Vary);
    }
}
