#!/bin/sh
# Makes a kind cluster, or brings the one that is there up to date: starts its nodes, loads images, sets labels.
#   KUBEDEV_CLUSTER      name of the cluster, of its network and the start of its nodes' names
#   KUBEDEV_KIND         kind program
#   KUBEDEV_CONFIG       kind.x-k8s.io/v1alpha4, as JSON
#   KUBEDEV_IMAGE_TAG    node image
#   KUBEDEV_WAIT_SEC     how long nodes may take to be Ready
#   KUBEDEV_VERBOSITY    of kind, 0 to 9
#   KUBEDEV_LABELS       lines key=value: labels of every node
#   KUBEDEV_LOAD_IMAGES  lines: images of the engine that the nodes get
#   KUBEDEV_LOAD_ARCHIVES  lines: absolute paths of image archives that they get
#   KUBEDEV_GENERATION, KUBEDEV_STARTS  go up when it was gone, or stopped
#   and what engine.sh takes
. ../host/prelude.sh
. ../host/session.sh
. ../host/progress.sh
. ./engine.sh
. ./images.sh
. ./balancer.sh
. ./nodes.sh
. ./thaw.sh
. ./cluster-remove.sh
take_lock
use_engine
PATH=$PATH:/usr/sbin:/sbin
export PATH KIND_EXPERIMENTAL_DOCKER_NETWORK="$KUBEDEV_CLUSTER"
log=$dir/kind.log
making=false
clean_up() {
    end_session "$worker"
    take_balancer_back
    if [ "$making" = true ]; then
        say "removing what was made of the cluster"
        remove_cluster
        forget
    fi
    rm -f "$log"
}
interrupted() {
    trap '' INT TERM HUP
    if [ "$making" = true ]; then
        making=false
        say "interrupted: removing what was made of the cluster"
        setsid sh "$dir/undo" "$worker" >"$dir/undo.log" 2>&1 7>&- &
        worker=''
        wait "$!" || cat "$dir/undo.log" >&2
    fi
    exit 130
}
trap clean_up EXIT
trap interrupted INT TERM HUP

make_cluster() {
    if [ -n "$(node_ids)" ]; then
        # Only what this thing began itself, and was killed at.
        [ -f "$record" ] || [ -f "$dir/making" ] ||
            die "there is a kind cluster $KUBEDEV_CLUSTER already, which is not of this stack; delete it ($KUBEDEV_KIND delete cluster --name $KUBEDEV_CLUSTER), or set another clusterName"
        remove_cluster
    fi
    load_node_image "$KUBEDEV_IMAGE_TAG" '*' || case $KUBEDEV_IMAGE_TAG in
    kubedev/* | kubedev-overlay/* | kubedev-source/*) die "the node image $KUBEDEV_IMAGE_TAG is neither in the engine nor kept on this host; run pulumi up --target-replace of its NodeImage" ;;
    esac
    rm -f "$dir/kubeconfig"
    cat >"$dir/undo" <<'UNDO'
. ./cluster-undo.sh
UNDO
    : >"$dir/making"
    making=true
    # As kind reads it, beside the cluster that it made.
    printf '%s\n' "$KUBEDEV_CONFIG" >"$dir/config.json"
    begin=$(date +%s)
    lend_balancer
    : >"$log"
    with_progress "creating the cluster" "$KUBEDEV_KIND" create cluster --name "$KUBEDEV_CLUSTER" \
        --config "$dir/config.json" --image "$KUBEDEV_IMAGE_TAG" --kubeconfig "$dir/kubeconfig" \
        --wait "${KUBEDEV_WAIT_SEC}s" --verbosity "$KUBEDEV_VERBOSITY" ||
        die "creating the cluster failed"
    take_balancer_back
    if [ "$KUBEDEV_WAIT_SEC" -gt 0 ] && grep -q 'WARNING: Timed out waiting for Ready' "$log"; then
        in_cluster get nodes -o wide >&2 || :
        die "not all nodes were Ready after $KUBEDEV_WAIT_SEC s"
    fi
    note_nodes
    say "created in $(($(date +%s) - begin)) s"
}

start_nodes() {
    all_nodes_run && return 0
    say "starting the nodes"
    # shellcheck disable=SC2046 # ids
    docker start $(node_ids) >/dev/null
    begin=$(date +%s)
    until in_cluster get --raw /readyz >/dev/null 2>&1; do
        [ "$(($(date +%s) - begin))" -lt 180 ] ||
            die "the API server of $KUBEDEV_CLUSTER was not ready 180 s after its nodes were started; see docker logs $(control_plane)"
        sleep 0.5
    done
    if [ "$KUBEDEV_WAIT_SEC" -gt 0 ]; then
        # The status of before counts until the kubelets report again.
        sleep 1
        in_cluster wait --for=condition=Ready nodes --all "--timeout=${KUBEDEV_WAIT_SEC}s" >/dev/null ||
            die "not all nodes were Ready $KUBEDEV_WAIT_SEC s after they were started"
    fi
    say "started in $(($(date +%s) - begin)) s"
}

set_labels() {
    labels=$(printf '%s\n' "$KUBEDEV_LABELS" | tr '\n' ' ')
    dropped=$(for key in $(field fact.labels); do
        printf '%s\n' "$KUBEDEV_LABELS" | grep -q "^$key=" || echo "$key-"
    done)
    # shellcheck disable=SC2086 # words
    [ -z "${labels% }$dropped" ] || in_cluster label --overwrite nodes --all $labels $dropped >/dev/null
}

load_images() {
    printf '%s\n' "$KUBEDEV_LOAD_IMAGES" | while IFS= read -r image; do
        [ -n "$image" ] || continue
        has_image "$image" ||
            die "there is no image $image in the engine; expected it there (docker pull $image, or docker load), or an archive in loadArchives"
        "$KUBEDEV_KIND" load docker-image "$image" --name "$KUBEDEV_CLUSTER" >/dev/null 2>"$log" || {
            tail -n 5 "$log" >&2
            die "cannot load the image $image into the nodes"
        }
    done
    printf '%s\n' "$KUBEDEV_LOAD_ARCHIVES" | while IFS= read -r archive; do
        [ -n "$archive" ] || continue
        [ -f "$archive" ] || die "there is no file $archive; expected an archive of images, as docker save writes it"
        "$KUBEDEV_KIND" load image-archive "$archive" --name "$KUBEDEV_CLUSTER" >/dev/null 2>"$log" || {
            tail -n 5 "$log" >&2
            die "cannot load the images of $archive into the nodes"
        }
    done
}

[ -x "$KUBEDEV_KIND" ] || command -v "$KUBEDEV_KIND" >/dev/null ||
    die "there is no $KUBEDEV_KIND on this host; expected kind (module sigs.k8s.io/kind)"
if ! is_as_wanted || [ -z "$(node_ids)" ]; then make_cluster; fi
start_nodes
set_labels
load_images
note_nodes
write_record "kind=cluster" "fact.spec=$KUBEDEV_SPEC" "fact.engine=$KUBEDEV_ENGINE" "fact.generation=$KUBEDEV_GENERATION" "fact.starts=$KUBEDEV_STARTS" \
    "fact.labels=$(printf '%s\n' "$KUBEDEV_LABELS" | sed 's/=.*//' | tr '\n' ' ')" \
    "fact.nodes=$(noted_names | tr '\n' ' ')"
making=false
rm -f "$dir/making" "$dir/undo"
# As a JSON string: the one place where a secret leaves the host, into an encrypted output.
printf '{"kubeconfigPath":%s,"kubeconfig":%s}\n' "$(json_string "$dir/kubeconfig")" "$(jq -R -s . <"$dir/kubeconfig")"
