#!/bin/sh
# Makes sure that a registry runs in a container of the engine. What was pushed is in a volume, which stays when the
# container is made anew.
#   KUBEDEV_REGISTRY        name of the container, of its volume and of its network
#   KUBEDEV_REGISTRY_HOST   address and port of loopback that lead to it
#   KUBEDEV_REGISTRY_IMAGE  its image
#   KUBEDEV_STARTS          goes up when it was found dead
#   and what engine.sh takes
. ../host/prelude.sh
. ./engine.sh
. ./images.sh
. ./registry.sh
take_lock
use_engine
name=$KUBEDEV_REGISTRY
made=false
clean_up() {
    if [ "$made" = true ]; then
        docker logs --tail 5 "$name" >&2 2>&1 || :
        docker rm -f "$name" >/dev/null 2>&1 || :
        if [ ! -f "$record" ]; then
            docker volume rm "$name" >/dev/null 2>&1 || :
            docker network rm "$name" >/dev/null 2>&1 || :
        fi
    fi
    [ -f "$record" ] || forget
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

# Only it listens, in its container; OpenTelemetry would send to whoever takes port 4318.
settings='version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: /var/lib/registry}, delete: {enabled: true}}
http: {addr: ":5000"}
'
wanted="$KUBEDEV_REGISTRY_IMAGE $KUBEDEV_REGISTRY_HOST $(printf %s "$settings" | cksum)"

make_registry() {
    has_image "$KUBEDEV_REGISTRY_IMAGE" || docker pull -q "$KUBEDEV_REGISTRY_IMAGE" >/dev/null ||
        die "there is no image $KUBEDEV_REGISTRY_IMAGE in the engine, and it cannot be pulled"
    # Clusters that it is wired into stay so.
    networks=$(docker inspect --format '{{range $name, $_ := .NetworkSettings.Networks}}{{println $name}}{{end}}' "$name" 2>/dev/null || :)
    docker rm -f "$name" >/dev/null 2>&1 || :
    made=true
    docker network inspect "$name" >/dev/null 2>&1 || docker network create "$name" >/dev/null
    docker volume create "$name" >/dev/null
    printf %s "$settings" >"$dir/config.yml"
    chmod 0644 "$dir/config.yml"
    # The root of this container owns the volume, and has no other right.
    docker run -d --name "$name" --network "$name" --publish "$KUBEDEV_REGISTRY_HOST:5000" --restart unless-stopped \
        --label "dev.kubedev.registry=$wanted" --env OTEL_TRACES_EXPORTER=none \
        --user 0:0 --cap-drop ALL --security-opt no-new-privileges --read-only \
        --volume "$name:/var/lib/registry" --volume "$dir/config.yml:/etc/distribution/config.yml:ro" \
        "$KUBEDEV_REGISTRY_IMAGE" serve /etc/distribution/config.yml >/dev/null ||
        die "the registry was not started at $KUBEDEV_REGISTRY_HOST"
    for network in $networks; do
        [ "$network" = "$name" ] || docker network connect "$network" "$name" >/dev/null 2>&1 || :
    done
}
answers() { curl -fsS -m 2 "http://$KUBEDEV_REGISTRY_HOST/v2/" >/dev/null 2>&1; }

command -v curl >/dev/null || die "there is no curl on this host; expected the Debian package curl (apt-get install curl)"
if [ "$(docker inspect --format '{{index .Config.Labels "dev.kubedev.registry"}}' "$name" 2>/dev/null)" != "$wanted" ]; then
    make_registry
elif [ "$(docker inspect --format '{{.State.Running}}' "$name")" != true ]; then
    docker start "$name" >/dev/null
fi
begin=$(date +%s)
until answers; do
    [ "$(($(date +%s) - begin))" -lt 30 ] || die "the registry at $KUBEDEV_REGISTRY_HOST does not answer within 30 s"
    sleep 0.2
done
note_registry
write_record "kind=registry" "fact.starts=$KUBEDEV_STARTS" "fact.name=$name"
made=false
printf '{"address":"%s"}\n' "$KUBEDEV_REGISTRY_HOST"
