package e2e

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"latchkey/pkg/e2e/stack"
)

// kustomization is what deploy/kubernetes/kustomization.yaml says.
type kustomization struct {
	APIVersion         string                              `json:"apiVersion"`
	Kind               string                              `json:"kind"`
	Namespace          string                              `json:"namespace"`
	Resources          []string                            `json:"resources"`
	Labels             []struct{ Pairs map[string]string } `json:"labels"`
	ConfigMapGenerator []struct {
		Name string
		Envs []string
	} `json:"configMapGenerator"`
	SecretGenerator []struct {
		Name  string
		Files []string
	} `json:"secretGenerator"`
	Images []struct{ Name, NewName, NewTag, Digest string } `json:"images"`
}

// manifests is what deploy/kubernetes says, decoded as the API server would.
type manifests struct {
	kustomization
	settings    map[string]string
	deployments []*appsv1.Deployment
	jobs        []*batchv1.Job
	budgets     []*policyv1.PodDisruptionBudget
	ingresses   []*networkingv1.Ingress
	policies    []*networkingv1.NetworkPolicy
	services    map[string]*corev1.Service
}

func readManifests(t *testing.T) *manifests {
	t.Helper()
	root, err := stack.Root()
	if err != nil {
		t.Fatal(err)
	}
	read := func(name string) []byte {
		raw, err := os.ReadFile(filepath.Join(root, "deploy", "kubernetes", name))
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	m := &manifests{services: map[string]*corev1.Service{}, settings: asDocker(string(read("latchkey.env")))}
	if err := yaml.UnmarshalStrict(read("kustomization.yaml"), &m.kustomization); err != nil {
		t.Fatal(err)
	}
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		corev1.AddToScheme, appsv1.AddToScheme, batchv1.AddToScheme, networkingv1.AddToScheme, policyv1.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	decoder := json.NewSerializerWithOptions(json.DefaultMetaFactory, scheme, scheme, json.SerializerOptions{Yaml: true, Strict: true})
	for _, name := range m.Resources {
		documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(read(name))))
		for {
			raw, err := documents.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			object, _, err := decoder.Decode(raw, nil, nil)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			m.keep(t, object)
		}
	}
	return m
}

func (m *manifests) keep(t *testing.T, object runtime.Object) {
	t.Helper()
	switch o := object.(type) {
	case *appsv1.Deployment:
		m.deployments = append(m.deployments, o)
	case *batchv1.Job:
		m.jobs = append(m.jobs, o)
	case *policyv1.PodDisruptionBudget:
		m.budgets = append(m.budgets, o)
	case *networkingv1.Ingress:
		m.ingresses = append(m.ingresses, o)
	case *networkingv1.NetworkPolicy:
		m.policies = append(m.policies, o)
	case *corev1.Service:
		m.services[o.Name] = o
	case *corev1.Namespace:
		if o.Name != m.Namespace {
			t.Errorf("the namespace is %s", o.Name)
		}
	default:
		t.Errorf("nobody checks %T", o)
	}
}

// TestD9_KubernetesManifests are what the API takes, and fit each other: what is
// named is made, what is mounted is read, and pods may little.
func TestD9_KubernetesManifests(t *testing.T) {
	m := readManifests(t)
	if len(m.deployments) != 2 || len(m.jobs) != 1 || len(m.budgets) != 2 || len(m.policies) < 3 {
		t.Fatalf("%d deployments, %d jobs, %d budgets, %d policies", len(m.deployments), len(m.jobs), len(m.budgets), len(m.policies))
	}
	for _, d := range m.deployments {
		pod := d.Spec.Template
		m.checkPod(t, d.Name, pod)
		c := pod.Spec.Containers[0]
		if *d.Spec.Replicas < 2 || c.ReadinessProbe == nil || c.LivenessProbe == nil || c.StartupProbe == nil ||
			c.LivenessProbe.HTTPGet.Path != "/healthz" || c.ReadinessProbe.HTTPGet.Path != "/readyz" {
			t.Errorf("%s: probes %+v", d.Name, c)
		}
		if c.Lifecycle == nil || c.Lifecycle.PreStop == nil || c.Lifecycle.PreStop.Sleep == nil ||
			*pod.Spec.TerminationGracePeriodSeconds < c.Lifecycle.PreStop.Sleep.Seconds+20 {
			t.Errorf("%s: a pod that ends does not wait for the proxies, or is killed", d.Name)
		}
		label := pod.Labels["app.kubernetes.io/name"]
		if s := m.services[d.Name]; s == nil || s.Spec.Selector["app.kubernetes.io/name"] != label || label != d.Name {
			t.Errorf("%s has no service", d.Name)
		}
		if !slices.ContainsFunc(m.budgets, func(b *policyv1.PodDisruptionBudget) bool {
			return b.Spec.Selector.MatchLabels["app.kubernetes.io/name"] == label && b.Spec.MaxUnavailable.IntValue() == 1
		}) {
			t.Errorf("%s has no disruption budget", d.Name)
		}
	}
	m.checkPod(t, "migrate", m.jobs[0].Spec.Template)
	if !slices.ContainsFunc(m.policies, func(p *networkingv1.NetworkPolicy) bool {
		return len(p.Spec.PodSelector.MatchLabels) == 0 && len(p.Spec.PolicyTypes) == 2 && p.Spec.Ingress == nil && p.Spec.Egress == nil
	}) {
		t.Error("no policy closes what the others do not open")
	}
}

// checkPod checks what pods have in common.
func (m *manifests) checkPod(t *testing.T, name string, pod corev1.PodTemplateSpec) {
	t.Helper()
	spec := pod.Spec
	if c := spec.SecurityContext; c == nil || c.RunAsNonRoot == nil || !*c.RunAsNonRoot || c.SeccompProfile == nil || *spec.AutomountServiceAccountToken {
		t.Errorf("%s: the pod may too much", name)
	}
	for _, c := range slices.Concat(spec.InitContainers, spec.Containers) {
		if s := c.SecurityContext; s == nil || !*s.ReadOnlyRootFilesystem || *s.AllowPrivilegeEscalation || !slices.Equal(s.Capabilities.Drop, []corev1.Capability{"ALL"}) {
			t.Errorf("%s: %s may too much", name, c.Name)
		}
		if c.Resources.Limits.Memory().IsZero() || c.Resources.Requests.Cpu().IsZero() {
			t.Errorf("%s: %s has no limits", name, c.Name)
		}
		if !slices.ContainsFunc(m.Images, func(i struct{ Name, NewName, NewTag, Digest string }) bool { return i.Name == c.Image }) {
			t.Errorf("%s: the image %s is not named in the kustomization", name, c.Image)
		}
		m.checkFiles(t, name, spec, c)
	}
}

// checkFiles follows each …_FILE setting of a container to a secret that is made.
func (m *manifests) checkFiles(t *testing.T, name string, spec corev1.PodSpec, c corev1.Container) {
	t.Helper()
	there := map[string]bool{}
	for _, mount := range c.VolumeMounts {
		at := slices.IndexFunc(spec.Volumes, func(v corev1.Volume) bool { return v.Name == mount.Name })
		for _, s := range m.SecretGenerator {
			for _, file := range s.Files {
				if s.Name == spec.Volumes[at].Secret.SecretName {
					there[filepath.Join(mount.MountPath, filepath.Base(file))] = true
				}
			}
		}
	}
	if len(c.EnvFrom) != 1 || c.EnvFrom[0].ConfigMapRef.Name != m.ConfigMapGenerator[0].Name {
		t.Errorf("%s: the settings of %s come from %v", name, c.Name, c.EnvFrom)
	}
	settings := map[string]string{}
	for k, v := range m.settings {
		settings[k] = v
	}
	for _, v := range c.Env {
		settings[v.Name] = v.Value
	}
	prefix := map[string]string{"authserver": "AUTH_", "resourceapi": "API_"}[c.Name]
	for setting, file := range settings {
		if strings.HasPrefix(setting, prefix) && strings.HasSuffix(setting, "_FILE") && !there[file] {
			t.Errorf("%s: %s has no %s, which %s names", name, c.Name, file, setting)
		}
	}
}

// TestD9_KubernetesFilesAreMade by deploy/secrets.sh, and settings are settings.
func TestD9_KubernetesFilesAreMade(t *testing.T) {
	t.Parallel()
	m := readManifests(t)
	root, err := stack.Root()
	if err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile(filepath.Join(root, "deploy", "secrets.sh"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range m.SecretGenerator {
		for _, file := range s.Files {
			if name, ok := strings.CutPrefix(file, "secrets/"); !ok || !strings.Contains(string(script), "make_secret "+name+" ") {
				t.Errorf("%s: deploy/secrets.sh does not make %s", s.Name, file)
			}
		}
	}
	example, err := os.ReadFile(filepath.Join(root, "deploy", "env.example"))
	if err != nil {
		t.Fatal(err)
	}
	known := asDocker(string(example))
	for name := range m.settings {
		if _, ok := known[strings.TrimSuffix(name, "_FILE")]; !ok {
			t.Errorf("%s is no setting", name)
		}
	}
}

// oneOrigin says which service answers a path where both share an origin.
var oneOrigin = map[string]string{
	"/oauth/token": "authserver", "/signin": "authserver", "/.well-known/oauth-authorization-server": "authserver",
	"/api/v1/auth/login": "authserver", "/api/v1/users/me": "authserver", "/api/v1/api_keys": "authserver", "/api/v1/api_keys/x": "authserver",
	"/api/v1/devices": "authserver", "/api/v1/devices/x": "authserver",
	"/api/v1/accounts": "resourceapi", "/api/v1/users/reset/status": "resourceapi", "/api/v1/usage": "resourceapi", "/mcp": "resourceapi",
	"/docs": "resourceapi", "/docs/listAccounts": "resourceapi", "/docs/auth": "authserver", "/docs/auth/token": "authserver", "/openapi.json": "resourceapi",
	"/.well-known/oauth-protected-resource": "resourceapi", "/.well-known/oauth-protected-resource/mcp": "resourceapi",
}

func TestD9_IngressLeadsToTheServiceThatAnswers(t *testing.T) {
	t.Parallel()
	m := readManifests(t)
	leads := maps.Clone(oneOrigin)
	leads["/internal/key-uses"], leads["/internal/families/x"] = "closed", "closed"
	for path, want := range leads {
		best, at := "", -1
		for _, p := range m.ingresses[0].Spec.Rules[0].HTTP.Paths {
			prefix := strings.TrimSuffix(p.Path, "/")
			hit := path == p.Path || *p.PathType == networkingv1.PathTypePrefix && strings.HasPrefix(path, prefix+"/")
			if hit && len(p.Path) > at {
				best, at = p.Backend.Service.Name, len(p.Path)
			}
		}
		if best != want {
			t.Errorf("%s leads to %s", path, best)
		}
	}
	for _, d := range m.deployments {
		if closed := m.services["closed"].Spec.Selector; labels.SelectorFromSet(closed).Matches(labels.Set(d.Spec.Template.Labels)) {
			t.Errorf("%s answers what is closed", d.Name)
		}
	}
}
