#!/bin/sh
# The first process of a node: box.sh NAME DISK FILES READY PAUSE GROUPS. Runs in new mount, PID, UTS, IPC and cgroup namespaces, makes the
# file systems that a machine of its own would have, says so in the file READY, and becomes the program PAUSE. DISK outlasts a reboot, all
# else is memory; FILES is copied over /.
set -eu
name=$1 disk=$2 files=$3 ready=$4 pause=$5 groups=$6
hostname "$name"

# A copy of a mount would keep alive what others have removed: their network namespaces, and the memory of other beds.
bed=${disk%/*/*}
beds=${bed%/*}
points=
while read -r _ point _; do
  case $point in
    "$bed"/*) ;;
    /run/netns | /run/netns/* | "$beds"/*) points="$point $points" ;; # the last one made goes first
  esac
done </proc/self/mounts
for point in $points; do
  umount "$point" 2>/dev/null && continue
  # Its owner may have removed it in the meantime.
  if grep -q " $point " /proc/self/mounts; then umount "$point"; fi
done

mount -t tmpfs -o mode=755 run /run
mkdir -p /run/lock /run/upper
mount -t sysfs sysfs /sys
mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup
for group in $groups; do
  folder=/sys/fs/cgroup/${group#name=}
  mkdir "$folder"
  case $group in name=*) options=none,$group ;; *) options=$group ;; esac
  mount -t cgroup -o "$options" cgroup "$folder"
done

# What is written to the machine's own folders stays in memory.
for folder in etc var opt usr; do
  mkdir -p "/run/upper/$folder/new" "/run/upper/$folder/work"
  mount -t overlay -o "lowerdir=/$folder,upperdir=/run/upper/$folder/new,workdir=/run/upper/$folder/work" overlay "/$folder"
done
rm -rf /var/run && ln -s /run /var/run
mkdir -p "/usr/lib/modules/$(uname -r)" # pods mount it, whether or not there are modules
rm -rf /etc/cni/net.d /opt/cni
mkdir -p /opt/cni /etc/cni/net.d && ln -s /usr/lib/cni /opt/cni/bin
for folder in lib/kubelet lib/containerd log/pods; do
  mkdir -p "/var/$folder" "$disk/$folder"
  mount --bind "$disk/$folder" "/var/$folder"
done
mkdir -p /var/log/containers
rm -f /etc/resolv.conf && : >/etc/resolv.conf # no resolver outside
echo "127.0.0.1 localhost $name" >/etc/hosts
cp -r "$files/." /

# The kubelet and kube-proxy write settings of the whole machine: they find them as they want them.
for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 \
  kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
  path=/proc/sys/${setting%=*}
  [ -e "$path" ] || continue
  own=/run/sysctl.$(echo "${setting%=*}" | tr / .)
  echo "${setting#*=}" >"$own"
  mount --bind "$own" "$path"
done

mount --make-rshared / # pods may ask for mounts that reach the node; none reaches the machine
: >"$ready"
exec "$pause"
