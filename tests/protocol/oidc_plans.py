"""The modules of the OpenID Foundation's plans for discovery and logging out, August 2026, without ``oidcc-``."""

CONFIG = ("discovery-endpoint-verification",)

RP_INITIATED_LOGOUT = (
    "rp-initiated-logout-discovery-endpoint-verification",
    "rp-initiated-logout",
    "rp-initiated-logout-bad-post-logout-redirect-uri",
    "rp-initiated-logout-modified-id-token-hint",
    "rp-initiated-logout-no-id-token-hint",
    "rp-initiated-logout-no-params",
    "rp-initiated-logout-no-post-logout-redirect-uri",
    "rp-initiated-logout-no-state",
    "rp-initiated-logout-only-state",
    "rp-initiated-logout-query-added-to-post-logout-redirect-uri",
    "rp-initiated-logout-bad-id-token-hint",
)

BACKCHANNEL_LOGOUT = (
    "backchannel-logout-discovery-endpoint-verification",
    "backchannel-rp-initiated-logout",
)
