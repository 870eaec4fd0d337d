<?php
/**
 * Plugin Name: Tessera webhook
 * Description: Tells Tessera at once which posts, terms, authors and files changed. Settings: constants in wp-config.php.
 * Version: 1.0.0
 * Requires at least: 5.6
 * Requires PHP: 7.4
 * License: Apache-2.0
 *
 * In wp-config.php:
 *   define('TESSERA_WEBHOOK_URL', 'https://tessera.example.com/webhooks/cms/wordpress');
 *   define('TESSERA_WEBHOOK_SECRET', '...');       // the same as in Tessera's settings, 16 characters or more
 *   define('TESSERA_WEBHOOK_TIMEOUT_S', 3);        // optional: how long a delivery may take
 *   define('TESSERA_WEBHOOK_RETRY_S', 30);         // optional: the first wait after a failure; it doubles, up to an hour
 *
 * Everything that changes during a request is noted, written to a row of the options table, and sent when the answer to
 * the editor is out. What cannot be delivered stays in its row, for wp-cron and for the next change. A notice names what
 * changed and nothing of its content, which Tessera fetches itself; and when the post was last changed, so that Tessera
 * knows an older answer by it.
 */

namespace Tessera\Webhook;

defined('ABSPATH') || exit;

const QUEUE = 'tessera_webhook_q_';
const STATE = 'tessera_webhook_state';
const RETRY = 'tessera_webhook_retry';
const MOST_ROWS = 200;       // more than so many waiting deliveries become one notice: "something changed"
const MOST_NOTICES = 1000;   // in one request, as Tessera takes them
const LONGEST_WAIT_S = 3600;
const FILE_KEYS = ['_wp_attached_file', '_wp_attachment_metadata', '_wp_attachment_image_alt'];

add_action('wp_after_insert_post', __NAMESPACE__ . '\after_insert', 10, 4);
add_action('before_delete_post', __NAMESPACE__ . '\before_delete', 0, 1);
add_action('delete_attachment', __NAMESPACE__ . '\before_delete', 0, 1);
add_action('edit_attachment', __NAMESPACE__ . '\touched', 10, 1);
add_action('set_object_terms', __NAMESPACE__ . '\terms_set', 10, 6);
add_action('added_post_meta', __NAMESPACE__ . '\meta_changed', 10, 3);
add_action('updated_post_meta', __NAMESPACE__ . '\meta_changed', 10, 3);
add_action('deleted_post_meta', __NAMESPACE__ . '\meta_changed', 10, 3);
add_action('edited_term', __NAMESPACE__ . '\term_changed', 10, 1);
add_action('delete_term', __NAMESPACE__ . '\term_changed', 10, 1);
add_action('profile_update', __NAMESPACE__ . '\user_changed', 10, 1);
add_action('deleted_user', __NAMESPACE__ . '\user_changed', 10, 1);
add_action('shutdown', __NAMESPACE__ . '\at_the_end', PHP_INT_MAX);
add_action(RETRY, __NAMESPACE__ . '\deliver');
add_action('admin_notices', __NAMESPACE__ . '\tell_administrators');
register_activation_hook(__FILE__, __NAMESPACE__ . '\activate');
register_deactivation_hook(__FILE__, __NAMESPACE__ . '\deactivate');

/** Saved in any way, tags and fields included: published, edited, unpublished, trashed, or its scheduled time has come. */
function after_insert($id, $post, $update, $before)
{
    if (is_public($post) || ($before && is_public($before))) {
        note_post($post, is_public($post));
    }
}

/** Noted before it is gone, sent after. */
function before_delete($id)
{
    touched($id, false);
}

function touched($id, $stays = true)
{
    $post = get_post($id);
    if ($post && is_public($post)) {
        note_post($post, $stays);
    }
}

/** Terms can be set without saving the post. */
function terms_set($id, $terms, $new, $taxonomy, $append, $old)
{
    if (array_diff($new, $old) || (!$append && array_diff($old, $new))) {
        touched($id);
    }
}

/** So can fields and the featured image. What begins with an underscore is a plugin's or the editor's own business. */
function meta_changed($meta, $id, $key)
{
    $shown = $key === '_thumbnail_id' || in_array($key, FILE_KEYS, true) || !is_protected_meta($key, 'post');
    if ($shown) {
        touched($id);
    }
}

function term_changed($id)
{
    note(['id' => 'term:' . $id]);
}

function user_changed($id)
{
    note(['id' => 'user:' . $id]);
}

/** Whether Tessera can have it: files are public with what they belong to. */
function is_public($post)
{
    if (wp_is_post_revision($post) || wp_is_post_autosave($post)) {
        return false;
    }
    return $post->post_status === 'publish' || $post->post_type === 'attachment';
}

/** A post by its number. Translations (Polylang) are one entry, by the smallest number that they have or will have. */
function note_post($post, $stays)
{
    $type = get_post_type_object($post->post_type);
    if (!$type || !$type->show_in_rest) {
        return;
    }
    $base = $type->rest_base ?: $type->name;
    $space = $type->rest_namespace ?? 'wp/v2';
    $group = function_exists('pll_get_post_translations') ? array_values(pll_get_post_translations($post->ID)) : [];
    $group = array_map('intval', $group);
    $others = array_diff($group, [$post->ID]);
    $ids = [$post->ID, min([$post->ID, ...$group]), ...($others ? [min($others)] : [])];
    $version = $stays ? version_of($post) : [];
    foreach (array_unique($ids) as $id) {
        note(['id' => (string) $id, 'type' => $space === 'wp/v2' ? $base : "$space/$base"] + $version);
    }
}

/** `modified_gmt`, as the REST API shows it and Tessera orders by. */
function version_of($post)
{
    $moment = str_replace(' ', 'T', $post->post_modified_gmt) . 'Z';
    return preg_match('/^[1-9]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/', $moment) ? ['version' => $moment] : [];
}

/** Keeps a notice until the end of the request. Without an argument: gives what was kept, and forgets it. */
function note($notice = null)
{
    static $kept = [];
    if ($notice === null) {
        $given = array_values($kept);
        $kept = [];
        return $given;
    }
    if (is_configured() && !(is_multisite() && ms_is_switched())) {
        $kept[wp_json_encode($notice)] = $notice;
    }
    return [];
}

function is_configured()
{
    return defined('TESSERA_WEBHOOK_URL') && TESSERA_WEBHOOK_URL
        && defined('TESSERA_WEBHOOK_SECRET') && strlen(TESSERA_WEBHOOK_SECRET) >= 16;
}

/** The editor has the answer; what was noted is kept first and then sent, so that nothing is lost in between. */
function at_the_end()
{
    $notices = note();
    if (!$notices) {
        return;
    }
    add_option(QUEUE . sprintf('%014.0f_', microtime(true) * 1000) . wp_generate_uuid4(), $notices, '', 'no');
    foreach (['fastcgi_finish_request', 'litespeed_finish_request'] as $finish) {
        if (function_exists($finish)) {
            $finish();
            break;
        }
    }
    $state = state();
    if ($state['failures'] && time() < $state['next']) {
        plan($state);  // Tessera is away: the editor does not wait for each save
        return;
    }
    deliver();
}

/** Sends what waits. What fails stays, and is tried again. */
function deliver()
{
    global $wpdb;
    if (!is_configured()) {
        return;
    }
    $like = $wpdb->esc_like(QUEUE) . '%';
    $query = "SELECT option_name FROM $wpdb->options WHERE option_name LIKE %s ORDER BY option_name LIMIT %d";
    $rows = $wpdb->get_col($wpdb->prepare($query, $like, MOST_ROWS + 1));
    if (!$rows) {
        return;
    }
    $notices = [];
    foreach ($rows as $row) {
        foreach ((array) get_option($row, []) as $notice) {
            $notices[wp_json_encode($notice)] = $notice;
        }
    }
    if (count($rows) > MOST_ROWS || count($notices) > MOST_NOTICES) {
        $notices = [(object) []];
    }
    $problem = send(['notices' => array_values($notices)]);
    if ($problem === null) {
        array_map('delete_option', $rows);
        delete_option(STATE);
        if (count($rows) > MOST_ROWS) {
            plan(['next' => time()]);  // there may be more
        }
        return;
    }
    $failures = state()['failures'] + 1;
    $first = defined('TESSERA_WEBHOOK_RETRY_S') ? max(1, (int) TESSERA_WEBHOOK_RETRY_S) : 30;
    $wait = min(LONGEST_WAIT_S, $first * 2 ** min($failures - 1, 12));
    $state = ['failures' => $failures, 'next' => time() + $wait, 'problem' => $problem];
    update_option(STATE, $state, 'no');
    plan($state);
}

/** One signed request. Null when it was taken; else what went wrong, without the secret. */
function send($body)
{
    $text = wp_json_encode($body);
    $now = (string) time();
    $answer = wp_remote_post(TESSERA_WEBHOOK_URL, [
        'timeout' => defined('TESSERA_WEBHOOK_TIMEOUT_S') ? (float) TESSERA_WEBHOOK_TIMEOUT_S : 3,
        'redirection' => 0,
        'limit_response_size' => 4096,
        'body' => $text,
        'headers' => [
            'Content-Type' => 'application/json',
            'Tessera-Signature' => "t=$now,v1=" . hash_hmac('sha256', "$now.$text", TESSERA_WEBHOOK_SECRET),
        ],
    ]);
    if (is_wp_error($answer)) {
        return $answer->get_error_message();
    }
    $status = (int) wp_remote_retrieve_response_code($answer);
    return $status >= 200 && $status < 300 ? null : "status $status";
}

function state()
{
    return (array) get_option(STATE, []) + ['failures' => 0, 'next' => 0, 'problem' => ''];
}

function plan($state)
{
    if (!wp_next_scheduled(RETRY)) {
        wp_schedule_single_event(max(time(), $state['next']), RETRY);
    }
}

function tell_administrators()
{
    if (!current_user_can('manage_options')) {
        return;
    }
    $state = state();
    if (!is_configured()) {
        $text = 'Tessera webhook: define TESSERA_WEBHOOK_URL, and TESSERA_WEBHOOK_SECRET with 16 characters or more.';
    } elseif ($state['failures'] >= 3) {
        $text = "Tessera webhook: {$state['failures']} deliveries failed in a row ({$state['problem']}).";
    } else {
        return;
    }
    echo '<div class="notice notice-warning"><p>' . esc_html($text) . '</p></div>';
}

function activate()
{
    register_uninstall_hook(__FILE__, __NAMESPACE__ . '\uninstall');
}

function deactivate()
{
    wp_clear_scheduled_hook(RETRY);
}

/** Nothing of ours stays behind. */
function uninstall()
{
    global $wpdb;
    $like = $wpdb->esc_like(QUEUE) . '%';
    $rows = $wpdb->get_col($wpdb->prepare("SELECT option_name FROM $wpdb->options WHERE option_name LIKE %s", $like));
    array_map('delete_option', $rows);
    delete_option(STATE);
    wp_clear_scheduled_hook(RETRY);
}
