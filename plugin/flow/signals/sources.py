"""Known places that visitors come from: search engines, social networks, web mail, and their apps.

A host matches itself and everything below it; `NAME.*` stands for that name under any public suffix of one or
two labels (`google.fr`, `google.co.uk`). The longest match wins, so `mail.google.com` is mail though
`google.*` searches. Values of search engines are the query parameters that carry the terms, where the engine
still sends them.
"""

from __future__ import annotations

from types import MappingProxyType

SEARCH = MappingProxyType(
    {
        "google.*": ("q",),
        "bing.com": ("q",),
        "yahoo.com": ("p",),
        "yahoo.co.jp": ("p",),
        "duckduckgo.com": ("q",),
        "yandex.*": ("text",),
        "ya.ru": ("text",),
        "baidu.com": ("wd", "word"),
        "ecosia.org": ("q",),
        "qwant.com": ("q",),
        "startpage.com": ("query",),
        "search.brave.com": ("q",),
        "kagi.com": ("q",),
        "mojeek.com": ("q",),
        "swisscows.com": ("query",),
        "naver.com": ("query",),
        "daum.net": ("q",),
        "sogou.com": ("query",),
        "so.com": ("q",),
        "seznam.cz": ("q",),
        "go.mail.ru": ("q",),
        "ask.com": ("q",),
        "aol.com": ("q",),
        "dogpile.com": ("q",),
        "coccoc.com": ("query",),
        "rambler.ru": ("query",),
        "lilo.org": ("q",),
        "presearch.com": ("q",),
        "you.com": ("q",),
        "perplexity.ai": ("q",),
        "search.marginalia.nu": ("query",),
    }
)

_SEARCH_LABELS = "www m search r images lens scholar cse cn html lite safe"
SEARCH_LABELS = frozenset(_SEARCH_LABELS.split())
"""Labels below an engine's name that search, too; others (`docs.google.com`) are other services."""

_SOCIAL_HOSTS = """
    facebook.com fb.com fb.me messenger.com instagram.com threads.net threads.com twitter.com x.com
    t.co linkedin.com lnkd.in pinterest.* pin.it reddit.com redd.it youtube.com youtu.be tiktok.com
    snapchat.com tumblr.com whatsapp.com wa.me telegram.org t.me telegram.me discord.com
    discordapp.com vk.com vk.ru ok.ru weibo.com weibo.cn t.cn xing.com quora.com
    news.ycombinator.com lobste.rs medium.com mastodon.social mastodon.online mstdn.social
    fosstodon.org bsky.app lemmy.world flipboard.com getpocket.com line.me kakao.com zhihu.com
    douban.com xiaohongshu.com bilibili.com stackoverflow.com stackexchange.com slack.com
    nextdoor.com twitch.tv vimeo.com dailymotion.com viadeo.com skyrock.com meetup.com
"""
SOCIAL = frozenset(_SOCIAL_HOSTS.split())

_EMAIL_HOSTS = """
    mail.google.com inbox.google.com gmail.com mail.yahoo.com mail.yahoo.co.jp outlook.live.com
    outlook.com outlook.office.com outlook.office365.com outlook.cloud.microsoft hotmail.com
    mail.live.com mail.aol.com mail.proton.me mail.protonmail.com proton.me mail.yandex.ru
    mail.yandex.com mail.ru e.mail.ru gmx.net gmx.com gmx.de gmx.at gmx.ch gmx.fr web.de icloud.com
    fastmail.com app.fastmail.com mail.zoho.com zoho.eu mail.qq.com mail.163.com mail.126.com
    mail.sina.com.cn webmail.free.fr zimbra.free.fr mail.naver.com mail.daum.net mail.orange.fr
    messagerie.orange.fr laposte.net posteo.de mailbox.org tutanota.com mail.tutanota.com
    app.tuta.com libero.it mail.seznam.cz email.seznam.cz roundcube.net hey.com app.hey.com
    mail.bol.uol.com.br comcast.net xfinity.com mail.t-online.de email.t-online.de ionos.de
    mail.ionos.com
"""
EMAIL = frozenset(_EMAIL_HOSTS.split())
EMAIL_LABELS = frozenset({"webmail", "roundcube", "zimbra", "horde", "owa"})
"""First labels of a host that are mail at any provider."""

APPS = MappingProxyType(
    {
        "com.google.android.gm": "email",
        "com.google.android.gm.lite": "email",
        "com.microsoft.office.outlook": "email",
        "com.yahoo.mobile.client.android.mail": "email",
        "ch.protonmail.android": "email",
        "com.fsck.k9": "email",
        "net.thunderbird.android": "email",
        "com.samsung.android.email.provider": "email",
        "com.google.android.googlequicksearchbox": "search",
        "com.google.android.apps.searchlite": "search",
        "com.microsoft.bing": "search",
        "com.duckduckgo.mobile.android": "search",
        "com.facebook.katana": "social",
        "com.facebook.lite": "social",
        "com.facebook.orca": "social",
        "com.instagram.android": "social",
        "com.instagram.barcelona": "social",
        "com.twitter.android": "social",
        "com.linkedin.android": "social",
        "com.pinterest": "social",
        "com.reddit.frontpage": "social",
        "com.google.android.youtube": "social",
        "com.zhiliaoapp.musically": "social",
        "com.snapchat.android": "social",
        "com.tumblr": "social",
        "com.whatsapp": "social",
        "org.telegram.messenger": "social",
        "org.telegram.plus": "social",
        "com.discord": "social",
        "com.vkontakte.android": "social",
        "com.slack": "social",
        "xyz.blueskyweb.app": "social",
        "org.joinmastodon.android": "social",
    }
)

MEDIUMS = MappingProxyType(
    {
        **dict.fromkeys(("email", "e-mail", "e_mail", "newsletter", "mailing"), "email"),
        **dict.fromkeys(
            ("social", "social-network", "social-media", "social_media", "sm", "paid_social", "paidsocial"),
            "social",
        ),
        "organic": "search",
    }
)
"""`utm_medium` values, in lower case, that say how the visitor came."""
