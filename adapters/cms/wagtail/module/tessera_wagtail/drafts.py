"""The latest revision of every page, for Tessera's previews alone.

In the site's `api.py`, after all others: `api_router.register_endpoint("tessera-drafts", DraftsAPIViewSet)`.
"""

import hmac

from rest_framework.permissions import BasePermission
from wagtail.api.v2.views import PagesAPIViewSet
from wagtail.models import Page

from . import config


class HasPreviewToken(BasePermission):
    """`Authorization: Bearer <TESSERA_PREVIEW_TOKEN>`; without that setting nobody may."""

    def has_permission(self, request, view):
        wanted = config.preview_token()
        given = request.headers.get("Authorization", "")
        return bool(wanted) and hmac.compare_digest(given.encode(), f"Bearer {wanted}".encode())


class DraftsAPIViewSet(PagesAPIViewSet):
    """As the endpoint of pages, with what is not published and not for everybody."""

    name = "tessera-drafts"
    authentication_classes = ()
    permission_classes = (HasPreviewToken,)

    def get_base_queryset(self):
        return Page.objects.filter(depth__gt=1).order_by("id")

    def get_object(self):
        return super().get_object().get_latest_revision_as_object()

    def paginate_queryset(self, queryset):
        return [page.specific.get_latest_revision_as_object() for page in super().paginate_queryset(queryset)]

    def finalize_response(self, request, response, *args, **kwargs):
        made = super().finalize_response(request, response, *args, **kwargs)
        made["Cache-Control"] = "private, no-store"
        return made
