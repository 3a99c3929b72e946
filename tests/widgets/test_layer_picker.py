import gan_widgets as gw


def test_it_lists_the_layers_that_ran(lab):
    picker = gw.LayerPicker(lab)
    assert [layer["name"] for layer in picker.layers] == list(lab.layers.names)
    assert {"name": "3", "kind": "ReLU", "units": 8, "size": [7, 5]} in picker.layers
    assert picker.layer == "3"


def test_choosing_moves_the_controller_and_every_view(lab, page):
    one, two, grid = gw.LayerPicker(lab), gw.LayerPicker(lab), gw.ActivationGrid(lab)
    page.write(one, layer="5")
    assert lab.layer == two.layer == "5"
    assert grid.info["units"] == 5
    assert grid.shape == [5, 14, 10]


def test_a_layer_that_did_not_run_is_refused_with_the_nearest_names(lab, page):
    picker = gw.LayerPicker(lab)
    for name in ("33", "<img src=x onerror=alert(1)>", "", None, "x" * 10_000):
        page.write(picker, layer=name)
        assert picker.layer == lab.layer == "3"
        assert "next:" in picker.error
        assert len(picker.error) < 2000
