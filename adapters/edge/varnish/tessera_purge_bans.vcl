# Purges by surrogate keys, for Tessera's adapter `varnish`, where the module xkey is not installed: by bans. Each purge
# is compared with what is stored until all of it was looked at, and every purge is hard. Otherwise the same as
# tessera_purge.vcl.
#
# Answers are stored under the keys in their header `xkey`, and may say in `T-State` of which published state they are
# made; both must still be there when they are stored. A purge is
#
#   TESSERAPURGE / HTTP/1.1
#   Tessera-Purge-Secret: SECRET
#   Tessera-Purge-Mode: soft                 (or hard)
#   Tessera-Purge-Keys: KEY KEY ...
#   Tessera-Purge-Spared: ^(7|8)[.](31|32)$  (only for the second purge of a change: what says in T-State that it was
#                                            made of such a state stays)
#
# and is answered 200 with `Tessera-Purge: done`, or refused with another word there. Include this before all other
# subroutines, and write beside it who may purge, and with what:
#
#   acl tessera_purgers { "10.0.0.0"/24; }
#   sub tessera_purge_secret { set req.http.Tessera-Purge-Expected = "16 characters or more"; }
vcl 4.0;

import std;

sub vcl_recv {
    if (req.method == "TESSERAPURGE") {
        call tessera_purge_check;
        # Every character that is neither letter nor digit stands for itself; without spaces, it is one word of a ban.
        set req.http.Tessera-Purge-Keys = regsuball(req.http.Tessera-Purge-Keys, "([^A-Za-z0-9 ])", "\\\1");
        set req.http.Tessera-Purge-Keys = regsuball(req.http.Tessera-Purge-Keys, " ", "|");
        set req.http.Tessera-Purge-Ban = "obj.http.xkey ~ (^|[,\s])(" + req.http.Tessera-Purge-Keys + ")([,\s]|$)";
        if (req.http.Tessera-Purge-Spared) {
            set req.http.Tessera-Purge-Ban = "obj.http.T-State !~ " + req.http.Tessera-Purge-Spared + " && " +
                req.http.Tessera-Purge-Ban;
        }
        if (!std.ban(req.http.Tessera-Purge-Ban)) {
            set req.http.Tessera-Purge-Said = "ban";
            return (synth(403));
        }
        set req.http.Tessera-Purge-Said = "done";
        return (synth(200));
    }
}

# A ban reads the first header of a name only.
sub vcl_backend_response {
    std.collect(beresp.http.xkey);
    std.collect(beresp.http.T-State);
    # Nor does it see that there is none.
    if (beresp.http.xkey && beresp.http.T-State !~ "^[0-9]+\.[0-9]+$") {
        set beresp.http.T-State = "none";
    }
}

sub tessera_purge_check {
    unset req.http.Tessera-Purge-Expected;
    if (client.ip !~ tessera_purgers) {
        set req.http.Tessera-Purge-Said = "address";
        return (synth(403));
    }
    call tessera_purge_secret;
    if (req.http.Tessera-Purge-Expected !~ "^[!-~]{16,}$") {
        set req.http.Tessera-Purge-Said = "unset";
        return (synth(403));
    }
    if (req.http.Tessera-Purge-Secret != req.http.Tessera-Purge-Expected) {
        set req.http.Tessera-Purge-Said = "secret";
        return (synth(403));
    }
    if (req.http.Tessera-Purge-Spared && req.http.Tessera-Purge-Spared !~ "^\^[][(){}0-9.,|-]{1,2000}\$$") {
        set req.http.Tessera-Purge-Said = "request";
        return (synth(400));
    }
    if (req.http.Tessera-Purge-Keys !~ "^[!-+\--~]+( [!-+\--~]+)*$" || req.http.Tessera-Purge-Mode !~ "^(soft|hard)$") {
        set req.http.Tessera-Purge-Said = "request";
        return (synth(400));
    }
}

sub vcl_synth {
    if (req.method == "TESSERAPURGE") {
        set resp.http.Tessera-Purge = req.http.Tessera-Purge-Said;
        set resp.http.Content-Type = "text/plain";
        synthetic(req.http.Tessera-Purge-Said);
        return (deliver);
    }
}
